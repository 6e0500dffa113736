import { engineInUse } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { StepGradients } from "./reduce.js";

/**
 * Sums gradients over the micro-batches of a step.
 *
 * Each part is already divided by the step's number of units, so the sum is the gradient of the mean over all of them,
 * however they fell into micro-batches.
 */
export class GradientAccumulator implements StepGradients {
  readonly #sums = new Map<number, tf.Tensor>();

  /** Adds one part of a tensor's gradient; borrowed. */
  readonly add = (watched: tf.Tensor, part: tf.Tensor): void => {
    const sum = this.#sums.get(watched.id);
    this.#sums.set(watched.id, sum ? engineInUse().routines.addInto(sum, part) : tf.keep(part.clone()));
  };

  /** The gradient so far; null if none came. Owned by the accumulator. */
  gradient(watched: tf.Tensor): tf.Tensor | null {
    return this.#sums.get(watched.id) ?? null;
  }

  replace(watched: tf.Tensor, gradient: tf.Tensor | null): void {
    const before = this.#sums.get(watched.id);
    if (before === gradient) return;
    before?.dispose();
    if (gradient) this.#sums.set(watched.id, tf.keep(gradient));
    else this.#sums.delete(watched.id);
  }

  /** Sum of the squares of all gradients. */
  sumOfSquares(): number {
    return engineInUse().routines.sumOfSquares([...this.#sums.values()]);
  }

  /** Euclidean norm over all gradients together. */
  norm(): number {
    return Math.sqrt(this.sumOfSquares());
  }

  /** Frees the gradients; the accumulator is empty again. */
  dispose(): void {
    tf.dispose([...this.#sums.values()]);
    this.#sums.clear();
  }
}
