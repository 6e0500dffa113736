import * as tf from "@tensorflow/tfjs-core";
import { engineInUse } from "../engine-in-use.js";
import type { FusedHeadKernel } from "../fused-kernels.js";
import { keeping } from "../kept.js";
import type { LinearTerms } from "../linear-terms.js";
import { activeTape, withTape } from "../scope.js";
import { Tape } from "../tape.js";
import { checkTargets, crossEntropy, crossEntropyOperation } from "./cross-entropy.js";
import { type LossSettings, regularisedCrossEntropy } from "./regularised-cross-entropy.js";

/** The output head: what turns hidden states into logits. */
export interface OutputHead {
  /** Rows [n, h] to logits [n, V], recorded on the active tape. */
  readonly project: (rows: tf.Tensor2D) => tf.Tensor2D;
  /** What `project` multiplies with, for engines that have product and loss in one; null where only `project` knows. */
  readonly terms?: LinearTerms | null;
}

/** Bytes of logits that exist at one time: enough rows to make products worth their packing, little beside the weights. */
const CHUNK_BYTES = 64 * 2 ** 20;
const LEAST_CHUNK_ROWS = 64;
const MOST_CHUNK_ROWS = 1024;

/** What a head is besides a frozen matrix: nothing, a low-rank update of one, or a matrix that is trained itself. */
export type HeadKind = "frozen" | "adapted" | "trained";

/** Matrices of logits at the worst moment where a tape computes them: an engine's kernel makes the gradient with the loss. */
const COPIES_WITH_KERNEL = 2;
/** In portable form: probabilities, the targets as numbers and as they are compared, differences and their product. */
const COPIES_PORTABLE = 5;

/**
 * Bytes that the head's loss takes beside the hidden states and their gradient, on the engine in use.
 * @param labels rows that reach the head
 */
export function headBytes(labels: number, vocabularySize: number, kind: HeadKind): number {
  const rows = Math.min(labels, headChunkRows(vocabularySize));
  const { crossEntropyHead: kernel, kernels } = engineInUse();
  if (kind === "frozen" && kernel) return kernel.workspaceBytes(rows, vocabularySize);
  const copies = kernels.has(crossEntropyOperation.name) ? COPIES_WITH_KERNEL : COPIES_PORTABLE;
  // An update has logits of its own, which are added.
  return rows * vocabularySize * 4 * (copies + (kind === "adapted" ? 1 : 0));
}

/** Rows whose logits exist at one time, for a vocabulary. */
export function headChunkRows(vocabularySize: number): number {
  const rows = Math.floor(CHUNK_BYTES / (vocabularySize * Float32Array.BYTES_PER_ELEMENT));
  return Math.min(MOST_CHUNK_ROWS, Math.max(LEAST_CHUNK_ROWS, rows));
}

/** Rows in parts of a size at most. */
export function* chunks(rows: number, size: number): Generator<[start: number, length: number]> {
  for (let start = 0; start < rows; start += size) yield [start, Math.min(size, rows - start)];
}

/** Rows of hidden states. */
export const slice = (hidden: tf.Tensor2D, start: number, length: number): tf.Tensor2D =>
  tf.slice(hidden, [start, 0], [length, hidden.shape[1]]);

/** A loss and the gradients that were taken with it, each kept. */
interface HeadGradients {
  readonly loss: tf.Scalar;
  readonly ofParameters: ReadonlyMap<tf.Tensor, tf.Tensor>;
  /** Null where it is not wanted. */
  readonly ofHidden: tf.Tensor | null;
}

/** The engine's kernel with the head's weight and bias, if there is one for it. */
export function fusedHead({ terms }: OutputHead): { kernel: FusedHeadKernel; terms: LinearTerms } | null {
  const kernel = engineInUse().crossEntropyHead;
  return kernel && terms && !terms.update ? { kernel, terms } : null;
}

/**
 * `crossEntropy` of projected rows, chunk by chunk and without gradients. @returns N losses in nats
 * @throws ShapeError, RangeError
 */
export function headLosses(
  hidden: tf.Tensor2D,
  targets: Int32Array,
  head: OutputHead,
  vocabularySize: number,
  chunkRows: number = headChunkRows(vocabularySize),
): Float32Array {
  const losses = new Float32Array(targets.length);
  const fused = fusedHead(head);
  if (fused) {
    checkTargets(targets, vocabularySize);
    const { weight, bias } = fused.terms;
    tf.tidy(() => {
      fused.kernel.losses(hidden, targets, weight, bias, losses, false, chunkRows);
    });
    return losses;
  }
  withTape(null, () => {
    for (const [start, length] of chunks(targets.length, chunkRows)) {
      const part = tf.tidy(() =>
        crossEntropy(head.project(slice(hidden, start, length)), targets.subarray(start, start + length)),
      );
      losses.set(part.dataSync(), start);
      part.dispose();
    }
  });
  return losses;
}

/**
 * The output head and its loss together: Σₙ crossEntropy(project(hidden[n]), targets[n]), in nats.
 *
 * Works in chunks of rows, so the logits of a batch never exist as a whole. Each chunk's gradient is taken at once,
 * while its logits are there; the pullback only scales what was kept.
 *
 * @param hidden [N, h]   @param targets N ids below V
 * @param chunkRows rows whose logits exist at one time
 * @param settings of `regularisedCrossEntropy`, which then takes the place of `crossEntropy`; without a tape they have no effect
 * @returns a scalar, owned by the caller
 * @throws ShapeError, RangeError
 */
export function crossEntropyHead(
  hidden: tf.Tensor2D,
  targets: Int32Array,
  head: OutputHead,
  vocabularySize: number,
  chunkRows: number = headChunkRows(vocabularySize),
  settings?: LossSettings,
): tf.Scalar {
  const outer = activeTape();
  if (!outer) return sumOf(headLosses(hidden, targets, head, vocabularySize, chunkRows));
  // Kernels of engines know the plain cross-entropy alone.
  const fused = settings ? null : fusedHead(head);
  if (fused) checkTargets(targets, vocabularySize);
  const rowLosses: RowLosses = settings
    ? (logits, ids) => regularisedCrossEntropy(logits, ids, settings)
    : crossEntropy;
  const { loss, ofParameters, ofHidden } = fused
    ? gradientsByKernel(outer, hidden, targets, fused, chunkRows)
    : gradientsByTape(outer, hidden, targets, { head, rowLosses, chunkRows });
  const saved = [...ofParameters.values(), ...(ofHidden ? [ofHidden] : [])];
  if (saved.length === 0) return loss;
  outer.record([loss], [hidden], saved, ([gradient], _needed, accumulate) => {
    const factor = gradient as tf.Tensor;
    for (const [tensor, part] of ofParameters) accumulate(tensor, tf.mul(part, factor));
    return [ofHidden && tf.mul(ofHidden, factor)];
  });
  return loss;
}

const sumOf = (losses: Float32Array): tf.Scalar => tf.scalar(losses.reduce((sum, loss) => sum + loss, 0));

function gradientsByKernel(
  tape: Tape,
  hidden: tf.Tensor2D,
  targets: Int32Array,
  { kernel, terms: { weight, bias } }: NonNullable<ReturnType<typeof fusedHead>>,
  chunkRows: number,
): HeadGradients {
  const losses = new Float32Array(targets.length);
  const gradients: tf.Tensor[] = [];
  const wantsGradient = tape.isTracked(hidden);
  const loss = tf.tidy(() => {
    const gradient = kernel.losses(hidden, targets, weight, bias, losses, wantsGradient, chunkRows);
    const sum = sumOf(losses);
    if (gradient) gradients.push(tf.keep(gradient));
    return sum;
  });
  return { loss, ofParameters: new Map(), ofHidden: gradients[0] ?? null };
}

/** Losses [n] of logits [n, V]. */
type RowLosses = (logits: tf.Tensor2D, targets: Int32Array) => tf.Tensor1D;

/** How {@link gradientsByTape} computes. */
interface TapedHead {
  readonly head: OutputHead;
  readonly rowLosses: RowLosses;
  readonly chunkRows: number;
}

function gradientsByTape(
  outer: Tape,
  hidden: tf.Tensor2D,
  targets: Int32Array,
  { head, rowLosses, chunkRows }: TapedHead,
): HeadGradients {
  const ofParameters = new Map<tf.Tensor, tf.Tensor>();
  const ofHidden: tf.Tensor2D[] = [];
  const wantsHidden = outer.isTracked(hidden);
  const headroom = engineInUse().gradientHeadroom;
  let sum = 0;
  try {
    for (const [start, length] of chunks(targets.length, chunkRows)) {
      const tape = new Tape(outer.watched);
      try {
        tf.tidy(() => {
          const rows = slice(hidden, start, length);
          if (wantsHidden) tape.watch(rows);
          const losses = withTape(tape, () =>
            tf.tidy(() => rowLosses(head.project(rows), targets.subarray(start, start + length))),
          );
          for (const loss of losses.dataSync()) sum += loss;
          tape.backward(losses, tf.fill(losses.shape, headroom), (tensor, raised) => {
            const part = tf.keep(headroom === 1 ? raised.clone() : tf.mul(raised, 1 / headroom));
            if (tensor.id === rows.id) {
              ofHidden.push(part as tf.Tensor2D);
              return;
            }
            const before = ofParameters.get(tensor);
            if (!before) {
              ofParameters.set(tensor, part);
              return;
            }
            try {
              ofParameters.set(tensor, engineInUse().routines.addInto(before, part));
            } finally {
              part.dispose();
            }
          });
        });
      } finally {
        tape.dispose();
      }
    }
    const loss = tf.scalar(sum);
    if (ofHidden.length === 0) return { loss, ofParameters, ofHidden: null };
    // The last that can fail but for the loss, which nobody has yet.
    const joined = keeping((keep) => {
      keep(loss);
      return tf.keep(tf.concat(ofHidden, 0));
    });
    tf.dispose(ofHidden);
    return { loss, ofParameters, ofHidden: joined };
  } catch (error) {
    tf.dispose([...ofParameters.values(), ...ofHidden]);
    throw error;
  }
}
