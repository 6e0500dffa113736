import { momentCodes } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import type { Routines } from "../../routines.js";
import type { NativeDevice } from "./native-device.js";

/** The C++ kernels that work over many tensors in one call. */
export function nativeRoutines(device: NativeDevice): Routines {
  const { backend, kernels, view } = device;

  /** Gives a variable memory that is its own and may be written to, where it has none yet. */
  const makeExclusive = (variable: tf.Variable): void => {
    if (backend.isExclusive(variable)) return;
    const copy = device.tensor(variable.shape, (values) => {
      values.set(view(variable));
    });
    variable.assign(copy);
    copy.dispose();
  };

  /** Lets a kernel write to the memory of variables. */
  const writing = (variables: readonly tf.Variable[], compute: () => void): void => {
    variables.forEach(makeExclusive);
    compute();
    for (const variable of variables) {
      const renewed = backend.renewed(variable);
      variable.assign(renewed);
      renewed.dispose();
    }
  };

  return {
    adamW(updates, settings) {
      const variables = updates.flatMap(({ variable, first, second }) => [variable, first, second]);
      writing(variables, () => {
        kernels.adamW(
          updates.map(({ variable, gradient, first, second }) => ({
            parameter: view(variable),
            gradient: view(gradient),
            first: view(first),
            second: view(second),
          })),
          settings,
        );
      });
    },
    adamW8bit(updates, settings) {
      const variables = updates.map(({ variable }) => variable);
      writing(variables, () => {
        kernels.adamW8bit(
          updates.map(({ variable, gradient, first, second }) => ({
            parameter: view(variable),
            gradient: view(gradient),
            first,
            second,
          })),
          settings,
          momentCodes,
        );
      });
    },
    adafactor(updates, settings) {
      const variables = updates.flatMap(({ variable, rowMoments, columnMoments }) =>
        rowMoments === null ? [variable, columnMoments] : [variable, rowMoments, columnMoments],
      );
      writing(variables, () => {
        kernels.adafactor(
          updates.map(({ variable, gradient, rowMoments, columnMoments }) => ({
            parameter: view(variable),
            gradient: view(gradient),
            // None of a tensor without elements.
            matrices: Math.max(1, tf.util.sizeFromShape(variable.shape.slice(0, -2))),
            rowMoments: rowMoments && view(rowMoments),
            columnMoments: view(columnMoments),
          })),
          settings,
        );
      });
    },
    addInto(sum, part) {
      const addTo = (target: Float32Array): void => {
        kernels.add(view(sum), view(part), target);
      };
      if (backend.isExclusive(sum) && sum.dataId !== part.dataId) {
        addTo(view(sum));
        return sum;
      }
      const total = tf.keep(device.tensor(sum.shape, addTo));
      sum.dispose();
      return total;
    },
    sumOfSquares: (tensors) => kernels.sumOfSquares(tensors.map(view)),
    read(tensor, start, target) {
      target.set(view(tensor).subarray(start, start + target.length));
    },
    write(variable, start, values) {
      writing([variable], () => {
        view(variable).set(values, start);
      });
    },
  };
}
