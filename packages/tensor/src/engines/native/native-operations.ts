import type { AttentionShape, NativeKernels } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import { type Kernel, type Kernels, kernelOf, type Operation } from "../../kernel.js";
import { addOperation, scaleOperation } from "../../operations/arithmetic.js";
import { attentionOperation } from "../../operations/attention.js";
import { crossEntropyOperation } from "../../operations/cross-entropy.js";
import { dropoutOperation } from "../../operations/dropout.js";
import { embeddingOperation } from "../../operations/embedding.js";
import { linearOperation } from "../../operations/linear.js";
import { rmsNormOperation } from "../../operations/rms-norm.js";
import { ropeOperation } from "../../operations/rope.js";
import { swigluOperation } from "../../operations/swiglu.js";
import { transposeOperation } from "../../product.js";
import { keeping } from "../../kept.js";
import type { RotaryAngles } from "../../rotary-angles.js";
import { KeptRows, type NativeActivation, type ReadableActivation } from "./kept-activations.js";
import type { NativeDevice } from "./native-device.js";

function addBias(y: Float32Array, bias: Float32Array): void {
  for (let row = 0; row < y.length; row += bias.length) {
    for (let column = 0; column < bias.length; column++) y[row + column] += bias[column];
  }
}

type AttentionSaved = [
  q: ReadableActivation,
  k: ReadableActivation,
  v: ReadableActivation,
  logSumExp: tf.Tensor,
  output: KeptRows,
];

/** The C++ kernels for the operations of this package. */
export function nativeOperations(device: NativeDevice): Kernels {
  const { kernels, view } = device;
  const own = new Map<string, Kernel<never>>();
  const give = <Attributes>(
    operation: Operation<Attributes>,
    make: (kernels: NativeKernels) => Kernel<Attributes>,
  ): void => {
    own.set(...kernelOf(operation, make(kernels)));
  };
  const sumOfRows = (dy: tf.Tensor): tf.Tensor =>
    device.tensor([dy.shape[1] as number], (sums) => {
      kernels.sumRows(view(dy), sums);
    });

  give(linearOperation, ({ linear, linearInputGradient, gemm }) => ({
    forward([x, weight, bias], { layout }, [, needsWeight], together) {
      const [rows, inFeatures] = x.shape as [number, number];
      const outFeatures = weight.shape[layout === "IO" ? 1 : 0] as number;
      const output = device.tensor([rows, outFeatures], (y) => {
        if (layout === "OI") {
          linear(view(x), device.weight(weight), bias ? view(bias) : null, y);
          return;
        }
        gemm(view(x), view(weight), y, { m: rows, n: outFeatures, k: inFeatures });
        if (bias) addBias(y, view(bias));
      });
      // The weight's place is kept even where no gradient reads it, as it tells the number of inputs.
      return { output, saved: [needsWeight ? device.activations(together).keepInput(x) : null, weight] };
    },
    pullback(dy, [x, kept], { layout }, [needsX, needsWeight, needsBias]) {
      const [rows, outFeatures] = dy.shape as [number, number];
      const weight = kept as tf.Tensor;
      const inFeatures = weight.shape[layout === "IO" ? 0 : 1] as number;
      const toInput = (w: tf.Tensor): tf.Tensor => {
        return device.tensor([rows, inFeatures], (dx) => {
          if (layout === "OI") linearInputGradient(view(dy), device.weight(w), dx);
          else
            gemm(view(dy), view(w), dx, {
              m: rows,
              n: inFeatures,
              k: outFeatures,
              transposeB: true,
            });
        });
      };
      const toWeight = (keptInput: NativeActivation): tf.Tensor => {
        const input = keptInput.open([rows, inFeatures]);
        return layout === "OI"
          ? device.tensor([outFeatures, inFeatures], (dw) => {
              const shape = { m: outFeatures, n: inFeatures, k: rows, transposeA: true };
              gemm(view(dy), view(input), dw, shape);
            })
          : device.tensor([inFeatures, outFeatures], (dw) => {
              const shape = { m: inFeatures, n: outFeatures, k: rows, transposeA: true };
              gemm(view(input), view(dy), dw, shape);
            });
      };
      return [
        needsX ? toInput(weight) : null,
        needsWeight ? toWeight(x as NativeActivation) : null,
        needsBias ? sumOfRows(dy) : null,
      ];
    },
  }));

  give(transposeOperation, ({ transpose }) => {
    const turned = (x: tf.Tensor): tf.Tensor => {
      const [rows, columns] = x.shape as [number, number];
      return device.tensor([columns, rows], (out) => {
        transpose(view(x), out, rows, columns);
      });
    };
    return {
      forward: ([x]) => ({ output: turned(x), saved: [] }),
      pullback: (gradient) => [turned(gradient)],
    };
  });

  give(embeddingOperation, ({ gatherRows, scatterAddRows }) => ({
    forward: ([table], { ids }) => ({
      output: device.tensor([ids.length, table.shape[1] as number], (out) => {
        gatherRows(device.weight(table), ids, out);
      }),
      saved: [],
    }),
    pullback(gradient, _saved, { ids, rows }) {
      const width = gradient.shape[1] as number;
      return [
        device.tensor([rows, width], (sums) => {
          sums.fill(0);
          scatterAddRows(view(gradient), ids, sums, width);
        }),
      ];
    },
  }));

  give(rmsNormOperation, ({ rmsNormForward, rmsNormBackward }) => ({
    forward([x, weight], { epsilon }, needed, together) {
      const output = device.tensor(x.shape, (y) => {
        rmsNormForward(view(x), view(weight), y, epsilon);
      });
      if (!needed.includes(true)) return { output, saved: [] };
      const kept = device.activations(together).keepNormInput(x, output, weight, epsilon);
      return { output, saved: [kept, weight] };
    },
    pullback(gradient, saved, { epsilon }, [needsX, needsWeight]) {
      const [kept, weight] = saved as readonly [ReadableActivation, tf.Tensor];
      const dx = needsX ? device.uninitialised(gradient.shape) : null;
      const dWeight = needsWeight ? device.uninitialised(weight.shape) : null;
      rmsNormBackward(
        kept.view,
        view(weight),
        view(gradient),
        dx && view(dx),
        dWeight && view(dWeight),
        epsilon,
      );
      return [dx, dWeight];
    },
  }));

  give(ropeOperation, ({ rotate }) => {
    const turned = (x: tf.Tensor, { cos, sin }: RotaryAngles, direction: 1 | -1): tf.Tensor => {
      const [, heads, size] = x.shape as [number, number, number];
      return device.tensor(x.shape, (out) => {
        rotate(view(x), out, cos, sin, heads, size, direction);
      });
    };
    return {
      forward: ([x], angles) => ({ output: turned(x, angles, 1), saved: [] }),
      pullback: (gradient, _saved, angles) => [turned(gradient, angles, -1)],
    };
  });

  give<AttentionShape>(attentionOperation, ({ attentionForward, attentionBackward }) => ({
    takes: ({ keySize, valueSize }) => keySize === valueSize,
    forward([q, k, v], shape, needed, together) {
      const output = device.uninitialised(q.shape);
      const [rows, heads] = q.shape as [number, number];
      const logSumExp = needed.includes(true) ? device.uninitialised([rows, heads]) : null;
      attentionForward(view(q), view(k), view(v), view(output), logSumExp && view(logSumExp), {
        headSize: shape.keySize,
        precision: device.products.precision,
        ...shape,
      });
      if (!logSumExp) return { output, saved: [] };
      const activations = device.activations(together);
      return keeping((keep) => {
        const kept = [q, k, v].map((x) => keep(activations.keep(x)));
        return { output, saved: [...kept, logSumExp, keep(new KeptRows(device, output, shape.valueSize))] };
      });
    },
    pullback(gradient, saved, shape) {
      const keyRows = shape.keySegments.at(-1) ?? 0;
      const ofKeys = [keyRows, shape.keyValueHeadCount, shape.keySize];
      const [q, k, v, logSumExp, { values, scales }] = saved as Readonly<AttentionSaved>;
      const gradients = [gradient.shape, ofKeys, ofKeys].map((one) => device.uninitialised(one));
      const [dq, dk, dv] = gradients.map(view);
      attentionBackward(q.view, k.view, v.view, values, view(logSumExp), view(gradient), dq, dk, dv, {
        headSize: shape.keySize,
        precision: device.products.precision,
        outScales: scales,
        ...shape,
      });
      return gradients;
    },
  }));

  give(swigluOperation, ({ swigluForward, swigluBackward }) => ({
    forward: ([gate, up], _attributes, needed, together) => ({
      output: device.tensor(gate.shape, (out) => {
        swigluForward(view(gate), view(up), out);
      }),
      saved: needed.includes(true)
        ? keeping((keep) => [gate, up].map((x) => keep(device.activations(together).keep(x))))
        : [],
    }),
    pullback(gradient, saved, _attributes, [needsGate, needsUp]) {
      const [gate, up] = saved as readonly ReadableActivation[];
      const dGate = needsGate ? device.uninitialised(gradient.shape) : null;
      const dUp = needsUp ? device.uninitialised(gradient.shape) : null;
      swigluBackward(gate.view, up.view, view(gradient), dGate && view(dGate), dUp && view(dUp));
      return [dGate, dUp];
    },
  }));

  give(addOperation, (native) => ({
    forward: ([a, b]) => ({
      output: device.tensor(a.shape, (out) => {
        native.add(view(a), view(b), out);
      }),
      saved: [],
    }),
    pullback: addOperation.pullback,
  }));

  give(scaleOperation, (native) => {
    const scaled = (x: tf.Tensor, factor: number): tf.Tensor =>
      device.tensor(x.shape, (out) => {
        native.scale(view(x), factor, out);
      });
    return {
      forward: ([x], { factor }) => ({ output: scaled(x, factor), saved: [] }),
      pullback: (gradient, _saved, { factor }) => [scaled(gradient, factor)],
    };
  });

  give(dropoutOperation, (native) => {
    const dropped = (x: tf.Tensor, [key0, key1]: readonly [number, number], rate: number): tf.Tensor =>
      device.tensor(x.shape, (out) => {
        native.dropout(view(x), out, key0, key1, rate);
      });
    return {
      forward: ([x], { key, rate }) => ({ output: dropped(x, key, rate), saved: [] }),
      pullback: (gradient, _saved, { key, rate }) => [dropped(gradient, key, rate)],
    };
  });

  give(crossEntropyOperation, ({ crossEntropyRows, scale }) => ({
    forward([logits], { targets }, [needed]) {
      const [rows] = logits.shape;
      const losses = device.uninitialised([rows]);
      const gradients = needed ? device.uninitialised(logits.shape) : null;
      crossEntropyRows(view(logits), targets, view(losses), gradients && view(gradients), 1);
      return { output: losses, saved: [gradients] };
    },
    pullback(gradient, [saved]) {
      const gradients = saved as tf.Tensor;
      const factors = view(gradient);
      // A sum of losses, the usual case, asks for the gradients as they are: one pass over them is saved.
      if (factors.every((factor) => factor === 1)) return [gradients.clone()];
      const [, vocabularySize] = gradients.shape as [number, number];
      return [
        device.tensor(gradients.shape, (out) => {
          const values = view(gradients);
          factors.forEach((factor, row) => {
            const [start, end] = [row * vocabularySize, (row + 1) * vocabularySize];
            scale(values.subarray(start, end), factor, out.subarray(start, end));
          });
        }),
      ];
    },
  }));

  return own;
}
