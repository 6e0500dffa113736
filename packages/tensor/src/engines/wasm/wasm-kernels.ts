import { gatherRows, hostKernels } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { type Kernels, kernelOf } from "../../kernel.js";
import { attentionOperation } from "../../operations/attention.js";
import { crossEntropyOperation } from "../../operations/cross-entropy.js";
import { dropoutOperation } from "../../operations/dropout.js";
import { embeddingOperation } from "../../operations/embedding.js";
import { ropeOperation } from "../../operations/rope.js";
import { transposeOperation } from "../../product.js";
import type { RotaryAngles } from "../../rotary-angles.js";
import { uninitialised, views } from "./wasm-heap.js";

/**
 * Kernels for what the wasm backend does slowly: it moves elements one by one through generic loops (gather, slice,
 * transpose) and multiplies batches of small matrices without SIMD. These read and write its memory in place.
 */
export function wasmKernels(): Kernels {
  const {
    attentionBackward,
    attentionForward,
    softmaxCrossEntropyGradient,
    softmaxCrossEntropy,
    dropoutMask,
    rotate,
    transpose,
  } = hostKernels();
  const entries: ReturnType<typeof kernelOf>[] = [];

  entries.push(
    kernelOf(transposeOperation, {
      forward([x]) {
        const [rows, columns] = x.shape;
        const output = uninitialised([columns, rows]);
        const [from, to] = views([x, output]);
        transpose(from, to, rows, columns);
        return { output, saved: [] };
      },
      pullback: transposeOperation.pullback,
    }),
  );

  entries.push(
    kernelOf(embeddingOperation, {
      forward([table], { ids }) {
        const width = table.shape[1] as number;
        const output = uninitialised([ids.length, width]);
        const [from, to] = views([table, output]);
        gatherRows(from, ids, to, width);
        return { output, saved: [] };
      },
      pullback(gradient, _saved, { ids, rows }) {
        const width = gradient.shape[1] as number;
        const output = uninitialised([rows, width]);
        const [from, sums] = views([gradient, output]);
        sums.fill(0);
        for (let n = 0; n < ids.length; n++) {
          const start = ids[n] * width;
          for (let c = 0; c < width; c++) sums[start + c] += from[n * width + c];
        }
        return [output];
      },
    }),
  );

  const turn = (x: tf.Tensor, angles: RotaryAngles, direction: 1 | -1): tf.Tensor => {
    const output = uninitialised(x.shape);
    const [, heads, size] = x.shape;
    const [from, to] = views([x, output]);
    rotate(from, to, angles.cos, angles.sin, heads, size, direction);
    return output;
  };
  entries.push(
    kernelOf(ropeOperation, {
      forward: ([x], angles) => ({ output: turn(x, angles, 1), saved: [] }),
      pullback: (gradient, _saved, angles) => [turn(gradient, angles, -1)],
    }),
  );

  entries.push(
    kernelOf(attentionOperation, {
      forward(inputs, shape) {
        const [rows] = inputs[0].shape;
        const output = uninitialised([rows, shape.headCount, shape.valueSize]);
        const [q, k, v, out] = views([...inputs, output]);
        attentionForward(q, k, v, out, shape);
        return { output, saved: inputs };
      },
      pullback(gradient, saved, shape) {
        const inputs = saved as tf.Tensor[];
        const outputs = inputs.map((input) => uninitialised(input.shape));
        const [q, k, v, dOut, dq, dk, dv] = views([...inputs, gradient, ...outputs]);
        attentionBackward(q, k, v, dOut, dq, dk, dv, shape);
        return outputs;
      },
    }),
  );

  entries.push(
    kernelOf(crossEntropyOperation, {
      forward([logits], { targets }) {
        const [rows, vocabularySize] = logits.shape as [number, number];
        const losses = uninitialised([rows]);
        const probabilities = uninitialised([rows, vocabularySize]);
        const [scores, nats, shares] = views([logits, losses, probabilities]);
        softmaxCrossEntropy(scores, targets, nats, shares, vocabularySize);
        return { output: losses, saved: [probabilities] };
      },
      pullback(gradient, [saved], { targets }) {
        const probabilities = saved as tf.Tensor;
        const [rows, vocabularySize] = probabilities.shape as [number, number];
        const output = uninitialised([rows, vocabularySize]);
        const [shares, factors, out] = views([probabilities, gradient, output]);
        softmaxCrossEntropyGradient(shares, targets, factors, out, vocabularySize);
        return [output];
      },
    }),
  );

  const masked = (x: tf.Tensor, key: readonly [number, number], rate: number): tf.Tensor => {
    const mask = uninitialised(x.shape);
    dropoutMask(views([mask])[0], key, rate);
    return tf.mul(x, mask);
  };
  entries.push(
    kernelOf(dropoutOperation, {
      forward: ([x], { key, rate }) => ({ output: masked(x, key, rate), saved: [] }),
      pullback: (gradient, _saved, { key, rate }) => [masked(gradient, key, rate)],
    }),
  );
  return new Map(entries);
}
