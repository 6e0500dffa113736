import type { AttentionShape, NativeKernels, ProductOptions } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import { type Kernel, type Operation, registerKernel } from "../../operation.js";
import { addOperation, scaleOperation } from "../../operations/arithmetic.js";
import { attentionOperation } from "../../operations/attention.js";
import { crossEntropyOperation } from "../../operations/cross-entropy.js";
import { dropoutOperation } from "../../operations/dropout.js";
import { embeddingOperation } from "../../operations/embedding.js";
import { linearOperation, preferWeightLayout } from "../../operations/linear.js";
import { rmsNormOperation } from "../../operations/rms-norm.js";
import { ropeOperation, type RotaryAngles } from "../../operations/rope.js";
import { swigluOperation } from "../../operations/swiglu.js";
import { transposeOperation } from "../../product.js";
import {
  keepActivation,
  keepInput,
  keepRows,
  keptRowsView,
  keptView,
  openActivation,
  rememberNorm,
} from "./kept-activations.js";
import { NATIVE_BACKEND, nativeBackend } from "./native-backend.js";
import { nativeTensor, nativeView, nativeWeight } from "./native-tensor.js";
import { productOptions } from "./product-options.js";

const kernels = (): NativeKernels => nativeBackend().kernels;

/**
 * Gives the native engine a kernel for an operation of another package, e.g. one over packed weights.
 * @param kernel is given the kernels and the options that products with weights take
 */
export function registerNativeKernel<Attributes>(
  operation: Operation<Attributes>,
  kernel: (kernels: NativeKernels, products: ProductOptions) => Kernel<Attributes>,
): void {
  registerKernel(NATIVE_BACKEND, operation, {
    forward: (...given) => kernel(kernels(), productOptions).forward(...given),
    pullback: (...given) => kernel(kernels(), productOptions).pullback(...given),
  });
}

function addBias(y: Float32Array, bias: Float32Array): void {
  for (let row = 0; row < y.length; row += bias.length) {
    for (let column = 0; column < bias.length; column++) y[row + column] += bias[column];
  }
}

function sumOfRows(dy: tf.Tensor): tf.Tensor {
  return nativeTensor([dy.shape[1] as number], (sums) => {
    kernels().sumRows(nativeView(dy), sums);
  });
}

/** Registers the C++ kernels under the operations of this package. */
export function registerNativeOperations(): void {
  // Codes of packed weights lie so too, and both directions read them in place.
  preferWeightLayout(NATIVE_BACKEND, "OI");

  registerNativeKernel(linearOperation, ({ linear, linearInputGradient, gemm }) => ({
    forward([x, weight, bias], { layout }, [, needsWeight]) {
      const [rows, inFeatures] = x.shape as [number, number];
      const outFeatures = weight.shape[layout === "IO" ? 1 : 0] as number;
      const output = nativeTensor([rows, outFeatures], (y) => {
        if (layout === "OI") {
          linear(nativeView(x), nativeWeight(weight), bias ? nativeView(bias) : null, y);
          return;
        }
        gemm(nativeView(x), nativeView(weight), y, { m: rows, n: outFeatures, k: inFeatures });
        if (bias) addBias(y, nativeView(bias));
      });
      // The weight's place is always kept: it tells the number of inputs.
      return { output, saved: [needsWeight ? keepInput(x) : null, weight] };
    },
    pullback(dy, [x, kept], { layout }, [needsX, needsWeight, needsBias]) {
      const [rows, outFeatures] = dy.shape as [number, number];
      const weight = kept as tf.Tensor;
      const inFeatures = weight.shape[layout === "IO" ? 0 : 1] as number;
      const toInput = (w: tf.Tensor): tf.Tensor => {
        return nativeTensor([rows, inFeatures], (dx) => {
          if (layout === "OI") linearInputGradient(nativeView(dy), nativeWeight(w), dx);
          else
            gemm(nativeView(dy), nativeView(w), dx, {
              m: rows,
              n: inFeatures,
              k: outFeatures,
              transposeB: true,
            });
        });
      };
      const toWeight = (keptInput: tf.Tensor): tf.Tensor => {
        const input = openActivation(keptInput, [rows, inFeatures]);
        return layout === "OI"
          ? nativeTensor([outFeatures, inFeatures], (dw) => {
              const shape = { m: outFeatures, n: inFeatures, k: rows, transposeA: true };
              gemm(nativeView(dy), nativeView(input), dw, shape);
            })
          : nativeTensor([inFeatures, outFeatures], (dw) => {
              const shape = { m: inFeatures, n: outFeatures, k: rows, transposeA: true };
              gemm(nativeView(input), nativeView(dy), dw, shape);
            });
      };
      return [
        needsX ? toInput(weight) : null,
        needsWeight ? toWeight(x as tf.Tensor) : null,
        needsBias ? sumOfRows(dy) : null,
      ];
    },
  }));

  registerNativeKernel(transposeOperation, ({ transpose }) => {
    const turned = (x: tf.Tensor): tf.Tensor => {
      const [rows, columns] = x.shape as [number, number];
      return nativeTensor([columns, rows], (out) => {
        transpose(nativeView(x), out, rows, columns);
      });
    };
    return {
      forward: ([x]) => ({ output: turned(x), saved: [] }),
      pullback: (gradient) => [turned(gradient)],
    };
  });

  registerNativeKernel(embeddingOperation, ({ gatherRows, scatterAddRows }) => ({
    forward: ([table], { ids }) => ({
      output: nativeTensor([ids.length, table.shape[1] as number], (out) => {
        gatherRows(nativeWeight(table), ids, out);
      }),
      saved: [],
    }),
    pullback(gradient, _saved, { ids, rows }) {
      const width = gradient.shape[1] as number;
      return [
        nativeTensor([rows, width], (sums) => {
          sums.fill(0);
          scatterAddRows(nativeView(gradient), ids, sums, width);
        }),
      ];
    },
  }));

  registerNativeKernel(rmsNormOperation, ({ rmsNormForward, rmsNormBackward }) => ({
    forward([x, weight], { epsilon }, needed) {
      const output = nativeTensor(x.shape, (y) => {
        rmsNormForward(nativeView(x), nativeView(weight), y, epsilon);
      });
      if (!needed.includes(true)) return { output, saved: [] };
      const kept = keepActivation(x);
      rememberNorm(output, kept, weight, epsilon);
      return { output, saved: [kept, weight] };
    },
    pullback(gradient, saved, { epsilon }, [needsX, needsWeight]) {
      const [kept, weight] = saved as tf.Tensor[];
      const dx = needsX ? nativeBackend().uninitialised(gradient.shape) : null;
      const dWeight = needsWeight ? nativeBackend().uninitialised(weight.shape) : null;
      rmsNormBackward(
        keptView(kept),
        nativeView(weight),
        nativeView(gradient),
        dx && nativeView(dx),
        dWeight && nativeView(dWeight),
        epsilon,
      );
      return [dx, dWeight];
    },
  }));

  registerNativeKernel(ropeOperation, ({ rotate }) => {
    const turned = (x: tf.Tensor, { cos, sin }: RotaryAngles, direction: 1 | -1): tf.Tensor => {
      const [, heads, size] = x.shape as [number, number, number];
      return nativeTensor(x.shape, (out) => {
        rotate(nativeView(x), out, cos, sin, heads, size, direction);
      });
    };
    return {
      forward: ([x], angles) => ({ output: turned(x, angles, 1), saved: [] }),
      pullback: (gradient, _saved, angles) => [turned(gradient, angles, -1)],
    };
  });

  registerNativeKernel<AttentionShape>(attentionOperation, ({ attentionForward, attentionBackward }) => ({
    forward([q, k, v], shape, needed) {
      const output = nativeBackend().uninitialised(q.shape);
      const [rows, heads] = q.shape as [number, number];
      const logSumExp = needed.includes(true) ? nativeBackend().uninitialised([rows, heads]) : null;
      attentionForward(
        nativeView(q),
        nativeView(k),
        nativeView(v),
        nativeView(output),
        logSumExp && nativeView(logSumExp),
        { ...shape, precision: productOptions.precision },
      );
      if (!logSumExp) return { output, saved: [] };
      return {
        output,
        saved: [...[q, k, v].map(keepActivation), logSumExp, ...keepRows(output, shape.headSize)],
      };
    },
    pullback(gradient, saved, shape) {
      const keyRows = shape.keySegments.at(-1) ?? 0;
      const ofKeys = [keyRows, shape.keyValueHeadCount, shape.headSize];
      const [q, k, v, logSumExp, output, outputScales] = saved as tf.Tensor[];
      const { values, scales } = keptRowsView([output, outputScales], gradient.size);
      const gradients = [gradient.shape, ofKeys, ofKeys].map((one) => nativeBackend().uninitialised(one));
      const [dq, dk, dv] = gradients.map(nativeView);
      attentionBackward(
        keptView(q),
        keptView(k),
        keptView(v),
        values,
        nativeView(logSumExp),
        nativeView(gradient),
        dq,
        dk,
        dv,
        { ...shape, precision: productOptions.precision, ...(scales ? { outScales: scales } : {}) },
      );
      return gradients;
    },
  }));

  registerNativeKernel(swigluOperation, ({ swigluForward, swigluBackward }) => ({
    forward: ([gate, up], _attributes, needed) => ({
      output: nativeTensor(gate.shape, (out) => {
        swigluForward(nativeView(gate), nativeView(up), out);
      }),
      saved: needed.includes(true) ? [gate, up].map(keepActivation) : [],
    }),
    pullback(gradient, saved, _attributes, [needsGate, needsUp]) {
      const [gate, up] = saved as tf.Tensor[];
      const dGate = needsGate ? nativeBackend().uninitialised(gradient.shape) : null;
      const dUp = needsUp ? nativeBackend().uninitialised(gradient.shape) : null;
      swigluBackward(
        keptView(gate),
        keptView(up),
        nativeView(gradient),
        dGate && nativeView(dGate),
        dUp && nativeView(dUp),
      );
      return [dGate, dUp];
    },
  }));

  registerNativeKernel(addOperation, (native) => ({
    forward: ([a, b]) => ({
      output: nativeTensor(a.shape, (out) => {
        native.add(nativeView(a), nativeView(b), out);
      }),
      saved: [],
    }),
    pullback: addOperation.pullback,
  }));

  registerNativeKernel(scaleOperation, (native) => {
    const scaled = (x: tf.Tensor, factor: number): tf.Tensor =>
      nativeTensor(x.shape, (out) => {
        native.scale(nativeView(x), factor, out);
      });
    return {
      forward: ([x], { factor }) => ({ output: scaled(x, factor), saved: [] }),
      pullback: (gradient, _saved, { factor }) => [scaled(gradient, factor)],
    };
  });

  registerNativeKernel(dropoutOperation, (native) => {
    const dropped = (x: tf.Tensor, [key0, key1]: readonly [number, number], rate: number): tf.Tensor =>
      nativeTensor(x.shape, (out) => {
        native.dropout(nativeView(x), out, key0, key1, rate);
      });
    return {
      forward: ([x], { key, rate }) => ({ output: dropped(x, key, rate), saved: [] }),
      pullback: (gradient, _saved, { key, rate }) => [dropped(gradient, key, rate)],
    };
  });

  registerNativeKernel(crossEntropyOperation, ({ crossEntropyRows, scale }) => ({
    forward([logits], { targets }, [needed]) {
      const [rows] = logits.shape;
      const losses = nativeBackend().uninitialised([rows]);
      const gradients = needed ? nativeBackend().uninitialised(logits.shape) : null;
      crossEntropyRows(
        nativeView(logits),
        targets,
        nativeView(losses),
        gradients && nativeView(gradients),
        1,
      );
      return { output: losses, saved: [gradients] };
    },
    pullback(gradient, [saved]) {
      const gradients = saved as tf.Tensor;
      const factors = nativeView(gradient);
      // A sum of losses, the usual case, asks for the gradients as they are.
      if (factors.every((factor) => factor === 1)) return [gradients.clone()];
      const [, vocabularySize] = gradients.shape as [number, number];
      return [
        nativeTensor(gradients.shape, (out) => {
          const values = nativeView(gradients);
          factors.forEach((factor, row) => {
            const [start, end] = [row * vocabularySize, (row + 1) * vocabularySize];
            scale(values.subarray(start, end), factor, out.subarray(start, end));
          });
        }),
      ];
    },
  }));
}
