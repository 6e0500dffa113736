import * as tf from "@tensorflow/tfjs-core";
import { engineInUse } from "../engine-in-use.js";
import { activeTape, withTape } from "../scope.js";
import { Tape } from "../tape.js";
import {
  chunks,
  fusedHead,
  headChunkRows,
  headLosses,
  type OutputHead,
  slice,
} from "./cross-entropy-head.js";
import { checkTargets, crossEntropy } from "./cross-entropy.js";
import { type LossSettings, regularisedCrossEntropy } from "./regularised-cross-entropy.js";

/** What is computed, chunk by chunk. */
interface HeadRows {
  readonly hidden: tf.Tensor2D;
  readonly targets: Int32Array;
  readonly head: OutputHead;
  readonly vocabularySize: number;
  readonly chunkRows: number;
  /** Undefined for the plain cross-entropy, the only one that kernels of engines know. */
  readonly settings?: LossSettings | undefined;
}

/**
 * The output head and its losses, one a row: crossEntropy(project(hidden[n]), targets[n]), in nats, for losses that are no plain
 * sum of them.
 *
 * Works in chunks of rows, so the logits of a batch never exist as a whole. A row's loss depends on its own hidden state alone: its
 * gradient is taken at once, while the logits are there, and the pullback scales it by the row's weight. Where the head itself is
 * trained, its gradient depends on all weights; the pullback then computes the logits again.
 *
 * @param hidden [N, h]   @param targets N ids below V
 * @param chunkRows rows whose logits exist at one time
 * @param settings of `regularisedCrossEntropy`, which then takes the place of `crossEntropy`; without a tape they have no effect
 * @returns [N], owned by the caller
 * @throws ShapeError, RangeError
 */
export function crossEntropyHeadRows(
  hidden: tf.Tensor2D,
  targets: Int32Array,
  head: OutputHead,
  vocabularySize: number,
  chunkRows: number = headChunkRows(vocabularySize),
  settings?: LossSettings,
): tf.Tensor1D {
  const tape = activeTape();
  const plain: HeadRows = { hidden, targets, head, vocabularySize, chunkRows };
  const work: HeadRows = { settings, ...plain };
  if (tape && isTrained(tape, work)) return withTrainedHead(tape, work);
  if (!tape?.isTracked(hidden)) return lossesOf(tape ? work : plain);
  const { losses, gradient } = byKernel(work) ?? byTape(work);
  tape.record([losses], [hidden], [gradient], ([weights]) => [
    tf.mul(gradient, tf.reshape(weights as tf.Tensor, [targets.length, 1])),
  ]);
  return losses;
}

function lossesOf({ hidden, targets, head, vocabularySize, chunkRows, settings }: HeadRows): tf.Tensor1D {
  if (!settings) return tf.tensor1d(headLosses(hidden, targets, head, vocabularySize, chunkRows));
  const losses = new Float32Array(targets.length);
  withTape(null, () => {
    for (const [start, length] of chunks(targets.length, chunkRows)) {
      const own = targets.subarray(start, start + length);
      const part = tf.tidy(() =>
        regularisedCrossEntropy(head.project(slice(hidden, start, length)), own, settings),
      );
      losses.set(part.dataSync(), start);
      part.dispose();
    }
  });
  return tf.tensor1d(losses);
}

/** Whether logits depend on something watched other than the hidden states: one row of them tells. */
function isTrained(outer: Tape, { hidden, head }: HeadRows): boolean {
  const tape = new Tape(outer.watched);
  try {
    return tf.tidy(() => tape.isTracked(withTape(tape, () => head.project(slice(hidden, 0, 1)))));
  } finally {
    tape.dispose();
  }
}

/** Losses, and of each its gradient by its own hidden state [N, h], kept. */
interface UnitGradients {
  readonly losses: tf.Tensor1D;
  readonly gradient: tf.Tensor;
}

function byKernel({
  hidden,
  targets,
  head,
  vocabularySize,
  chunkRows,
  settings,
}: HeadRows): UnitGradients | null {
  const fused = settings ? null : fusedHead(head);
  if (!fused) return null;
  checkTargets(targets, vocabularySize);
  const { weight, bias } = fused.terms;
  const losses = new Float32Array(targets.length);
  const kept: tf.Tensor[] = [];
  const result = tf.tidy(() => {
    const gradient = fused.kernel.losses(hidden, targets, weight, bias, losses, true, chunkRows);
    const made = tf.tensor1d(losses);
    kept.push(tf.keep(gradient!));
    return made;
  });
  return { losses: result, gradient: kept[0] };
}

function byTape(work: HeadRows): UnitGradients {
  const { hidden, targets, chunkRows } = work;
  const losses = new Float32Array(targets.length);
  const headroom = engineInUse().gradientHeadroom;
  const parts: tf.Tensor2D[] = [];
  try {
    for (const [start, length] of chunks(targets.length, chunkRows)) {
      tf.tidy(() => {
        const rows = slice(hidden, start, length);
        backwardOf(rows, start, work, {
          watched: [rows],
          seeds: () => tf.fill([length], headroom),
          onLosses: (values) => losses.set(values, start),
          onGradient: (_tensor, raised) => parts.push(tf.keep(scaled(raised, 1 / headroom)) as tf.Tensor2D),
        });
      });
    }
    return tf.tidy(() => {
      const gradient = tf.concat(parts, 0);
      return { losses: tf.tensor1d(losses), gradient: tf.keep(gradient) };
    });
  } finally {
    tf.dispose(parts);
  }
}

/** Logits are computed again in the pullback, where the weights of all losses are known. */
function withTrainedHead(outer: Tape, work: HeadRows): tf.Tensor1D {
  const { targets, chunkRows } = work;
  const losses = lossesOf(work);
  const hidden = tf.keep(work.hidden.clone());
  const { gradientHeadroom } = engineInUse();
  outer.record([losses], [work.hidden], [hidden], ([gradient], [wantsHidden], accumulate) => {
    const weights = (gradient as tf.Tensor).dataSync() as Float32Array;
    const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    // Seeds near the headroom, whatever the weights are: half precision has no room for small ones.
    const raise = largest > 0 ? gradientHeadroom / largest : 1;
    const ofHidden: tf.Tensor2D[] = [];
    for (const [start, length] of chunks(targets.length, chunkRows)) {
      const parts = tf.tidy(() => {
        const rows = slice(hidden, start, length);
        const own: tf.Tensor2D[] = [];
        backwardOf(rows, start, work, {
          watched: [...outer.watched, ...(wantsHidden ? [rows] : [])],
          seeds: () => tf.mul(tf.tensor1d(weights.subarray(start, start + length)), raise),
          onGradient(tensor, raised) {
            const part = scaled(raised, 1 / raise);
            if (tensor.id === rows.id) own.push(tf.keep(part) as tf.Tensor2D);
            else accumulate(tensor, part);
          },
        });
        return own;
      });
      ofHidden.push(...parts);
    }
    const joined = wantsHidden ? tf.concat(ofHidden, 0) : null;
    tf.dispose(ofHidden);
    return [joined];
  });
  return losses;
}

/** What a chunk is differentiated by, and with which weights. */
interface Backward {
  readonly watched: Iterable<tf.Tensor>;
  readonly seeds: () => tf.Tensor;
  readonly onLosses?: (values: Float32Array) => void;
  readonly onGradient: (tensor: tf.Tensor, gradient: tf.Tensor) => void;
}

/** Forward and backward of a chunk of rows. */
function backwardOf(
  rows: tf.Tensor2D,
  start: number,
  { targets, head, settings }: HeadRows,
  { watched, seeds, onLosses, onGradient }: Backward,
): void {
  const tape = new Tape(watched);
  try {
    const own = targets.subarray(start, start + rows.shape[0]);
    const losses = withTape(tape, () =>
      tf.tidy(() => {
        const logits = head.project(rows);
        return settings ? regularisedCrossEntropy(logits, own, settings) : crossEntropy(logits, own);
      }),
    );
    onLosses?.(losses.dataSync() as Float32Array);
    tape.backward(losses, seeds(), onGradient);
  } finally {
    tape.dispose();
  }
}

const scaled = (x: tf.Tensor, factor: number): tf.Tensor => (factor === 1 ? x.clone() : tf.mul(x, factor));
