import * as tf from "@tensorflow/tfjs";
import { ShapeError } from "../errors.js";
import { apply, type Operation } from "../operation.js";
import { activeTape, withTape } from "../scope.js";
import { Tape } from "../tape.js";

interface CrossEntropyAttributes {
  readonly targets: Int32Array;
}

export const crossEntropyOperation: Operation<CrossEntropyAttributes> = {
  name: "crossEntropy",
  forward([logits], { targets }) {
    const [rows, vocabulary] = logits.shape;
    const probabilities = tf.softmax(logits);
    // The largest probability is e^(max − lse), at least 1/V, so its logarithm is safe where others may underflow.
    const logSumExp = tf.sub(tf.max(logits, -1), tf.log(tf.max(probabilities, -1)));
    const chosen = Int32Array.from(targets, (target, row) => row * vocabulary + target);
    const picked = tf.gather(tf.reshape(logits, [rows * vocabulary]), tf.tensor1d(chosen, "int32"));
    return { output: tf.sub(logSumExp, picked), saved: [probabilities] };
  },
  pullback(gradient, [probabilities], { targets }) {
    const [rows, vocabulary] = (probabilities as tf.Tensor).shape;
    const hot = tf.oneHot(tf.tensor1d(targets, "int32"), vocabulary, 1, 0, "float32");
    return [tf.mul(tf.sub(probabilities as tf.Tensor, hot), tf.reshape(gradient, [rows, 1]))];
  },
};

/**
 * Negative log-likelihoods, in nats: y[n] = log Σ exp(logits[n]) − logits[n, targets[n]].
 *
 * @param logits [N, V]   @param targets N ids below V   @returns [N], owned by the caller
 * @throws ShapeError, RangeError
 */
export function crossEntropy(logits: tf.Tensor2D, targets: Int32Array): tf.Tensor1D {
  const [rows, vocabulary] = logits.shape;
  if (rows !== targets.length)
    throw new ShapeError("crossEntropy", `logits [${targets.length}, V]`, logits.shape);
  for (const target of targets) {
    if (target < 0 || target >= vocabulary) {
      throw new RangeError(`crossEntropy: target ${target} is outside the vocabulary of ${vocabulary}`);
    }
  }
  return apply(crossEntropyOperation, [logits], { targets }) as tf.Tensor1D;
}

/** Rows whose logits exist at one time: 256 × a vocabulary of 152K in float32 is 156 MB. */
const HEAD_CHUNK_ROWS = 256;

function* chunks(rows: number, size: number): Generator<[start: number, length: number]> {
  for (let start = 0; start < rows; start += size) yield [start, Math.min(size, rows - start)];
}

/** {@link crossEntropy} of projected rows, chunk by chunk and without gradients. @returns N losses in nats */
export function headLosses(
  hidden: tf.Tensor2D,
  targets: Int32Array,
  project: (rows: tf.Tensor2D) => tf.Tensor2D,
  chunkRows: number = HEAD_CHUNK_ROWS,
): Float32Array {
  const losses = new Float32Array(targets.length);
  withTape(null, () => {
    for (const [start, length] of chunks(targets.length, chunkRows)) {
      const part = tf.tidy(() => {
        const logits = project(tf.slice(hidden, [start, 0], [length, hidden.shape[1]]));
        return crossEntropy(logits, targets.subarray(start, start + length));
      });
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
 * @param hidden [N, h]   @param targets N ids   @param project rows [n, h] to logits [n, V]
 * @returns a scalar, owned by the caller
 */
export function crossEntropyHead(
  hidden: tf.Tensor2D,
  targets: Int32Array,
  project: (rows: tf.Tensor2D) => tf.Tensor2D,
  chunkRows: number = HEAD_CHUNK_ROWS,
): tf.Scalar {
  const outer = activeTape();
  if (!outer) {
    const losses = headLosses(hidden, targets, project, chunkRows);
    return tf.scalar(losses.reduce((sum, loss) => sum + loss, 0));
  }
  const parameterGradients = new Map<tf.Tensor, tf.Tensor>();
  const hiddenGradients: tf.Tensor2D[] = [];
  const wantsHidden = outer.isTracked(hidden);
  let sum = 0;
  try {
    for (const [start, length] of chunks(targets.length, chunkRows)) {
      const tape = new Tape(outer.watched);
      try {
        tf.tidy(() => {
          const rows = tf.slice(hidden, [start, 0], [length, hidden.shape[1]]);
          if (wantsHidden) tape.watch(rows);
          const losses = withTape(tape, () =>
            tf.tidy(() => crossEntropy(project(rows), targets.subarray(start, start + length))),
          );
          for (const loss of losses.dataSync()) sum += loss;
          tape.backward(losses, tf.onesLike(losses), (tensor, part) => {
            if (tensor.id === rows.id) {
              hiddenGradients.push(tf.keep(part.clone()) as tf.Tensor2D);
              return;
            }
            const before = parameterGradients.get(tensor);
            parameterGradients.set(tensor, tf.keep(before ? tf.add(before, part) : part.clone()));
            before?.dispose();
          });
        });
      } finally {
        tape.dispose();
      }
    }
  } catch (error) {
    tf.dispose([...parameterGradients.values(), ...hiddenGradients]);
    throw error;
  }
  const loss = tf.scalar(sum);
  const hiddenGradient = hiddenGradients.length > 0 ? tf.keep(tf.concat(hiddenGradients, 0)) : null;
  tf.dispose(hiddenGradients);
  const saved = [...parameterGradients.values(), ...(hiddenGradient ? [hiddenGradient] : [])];
  if (saved.length === 0) return loss;
  outer.record(loss, [hidden], saved, (gradient, _needed, accumulate) => {
    for (const [tensor, part] of parameterGradients) accumulate(tensor, tf.mul(part, gradient));
    return [hiddenGradient && tf.mul(hiddenGradient, gradient)];
  });
  return loss;
}
