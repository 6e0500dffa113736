import { type AttentionHeads, FP8_BLOCK, fromFp8Blocks } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { attention } from "./operations/attention.js";
import { crossEntropyHead, type OutputHead } from "./operations/cross-entropy-head.js";
import { withTape } from "./scope.js";
import { Tape } from "./tape.js";

/** Seconds that something takes forward and backward. */
export interface Pace {
  readonly forward: number;
  readonly backward: number;
}

/** The fastest of so many counts: others are disturbed. */
const REPEATS = 5;

/** Milliseconds after which a count is the last, from the third on: the first two may have waited for another program. */
const LONG = 200;

/** Milliseconds after which any count is the last. */
const LONGEST = 1000;

/** Waits until a tensor is computed, by one of its numbers: all of them would be a copy for the garbage collector. */
const settle = (tensor: tf.Tensor): void => {
  tf.tidy(() => tf.slice(tf.reshape(tensor, [tensor.size]), 0, 1).dataSync());
};

/**
 * How fast the engine in use computes something here, forward and backward, after one time that is not counted.
 * @param watched tensors whose gradients are wanted   @param compute gives a tensor, owned by the caller
 */
function paceOf(watched: readonly tf.Tensor[], compute: () => tf.Tensor): Pace {
  let best: Pace = { forward: Number.POSITIVE_INFINITY, backward: Number.POSITIVE_INFINITY };
  const begun = performance.now();
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const tape = new Tape(watched);
    const started = performance.now();
    const y = withTape(tape, compute);
    settle(y);
    const turned = performance.now();
    const seed = tf.onesLike(y);
    const seeded = performance.now();
    tape.backward(y, seed, (_tensor, gradient) => {
      settle(gradient);
    });
    const ended = performance.now();
    tape.dispose();
    tf.dispose([y, seed]);
    const isFirst = repeat === 0;
    const isLast = ended - begun > (repeat < 2 ? LONGEST : LONG);
    // Code that runs for the first time is slower than ever after, unless it takes so long that it does not matter.
    if (isFirst && !isLast) continue;
    best = {
      forward: Math.min(best.forward, (turned - started) / 1000),
      backward: Math.min(best.backward, (ended - seeded) / 1000),
    };
    if (isLast) break;
  }
  return best;
}

/**
 * The pace of a product with a weight, a multiplication with its addition.
 * @param shape [outputs, inputs] of the weight   @param rows of the input
 * @param forward x [rows, inputs] → [rows, outputs], owned by the caller
 * @param trained the weight, where its gradient is wanted too
 */
export function productPace(
  [outFeatures, inFeatures]: readonly [number, number],
  rows: number,
  forward: (x: tf.Tensor2D) => tf.Tensor2D,
  trained?: tf.Tensor,
): Pace {
  const x: tf.Tensor2D = tf.fill([rows, inFeatures], 0.5);
  try {
    const all = paceOf(trained ? [x, trained] : [x], () => forward(x));
    const size = rows * outFeatures * inFeatures;
    return { forward: all.forward / size, backward: all.backward / size };
  } finally {
    x.dispose();
  }
}

/** The pace of a layer's attention, a token. @param rowTokens of the rows   @param rows so many of them */
export function attentionPace(heads: AttentionHeads, rowTokens: number, rows: number): Pace {
  const { headCount, keyValueHeadCount, keySize, valueSize } = heads;
  const tokens = rowTokens * rows;
  const filled = (count: number, size: number): tf.Tensor3D => tf.fill([tokens, count, size], 0.1);
  const inputs = [
    filled(headCount, keySize),
    filled(keyValueHeadCount, keySize),
    filled(keyValueHeadCount, valueSize),
  ] as const;
  const segments = Int32Array.from({ length: rows + 1 }, (_, row) => row * rowTokens);
  try {
    const shape = { ...heads, querySegments: segments, keySegments: segments };
    const all = paceOf(inputs, () => attention(...inputs, shape));
    return { forward: all.forward / tokens, backward: all.backward / tokens };
  } finally {
    tf.dispose([...inputs]);
  }
}

/** Seconds of an output head with its loss, both ways, a label and entry of the vocabulary. @param labels so many at a time */
export function headPace(
  [vocabularySize, hiddenSize]: readonly [number, number],
  labels: number,
  head: OutputHead,
  trained?: tf.Tensor,
): number {
  const hidden: tf.Tensor2D = tf.fill([labels, hiddenSize], 0.1);
  const targets = new Int32Array(labels);
  try {
    const { forward, backward } = paceOf(trained ? [hidden, trained] : [hidden], () =>
      crossEntropyHead(hidden, targets, head, vocabularySize),
    );
    return (forward + backward) / (labels * vocabularySize);
  } finally {
    hidden.dispose();
  }
}

/** Seconds to widen a weight of 8-bit floats with a scale a block, on the host. */
export function wideningPace([rows, columns]: readonly [number, number]): number {
  const codes = new Uint8Array(rows * columns).fill(0x38);
  const scales = new Float32Array(Math.ceil(rows / FP8_BLOCK) * Math.ceil(columns / FP8_BLOCK)).fill(1);
  const out = new Uint16Array(codes.length);
  let best = Number.POSITIVE_INFINITY;
  const begun = performance.now();
  for (let repeat = 0; repeat <= REPEATS && performance.now() - begun < LONGEST; repeat++) {
    const started = performance.now();
    fromFp8Blocks(codes, columns, 0, scales, out);
    best = Math.min(best, (performance.now() - started) / 1000);
  }
  return best / codes.length;
}
