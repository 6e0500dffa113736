import type { Linear } from "@lathe/model";
import { apply, type Operation } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";

/** y = z + (b − b₀) by rows: a result z that has the bias b₀ gets b in its place. */
export const exchangeBiasOperation: Operation<null> = {
  name: "exchangeBias",
  forward: ([z, bias, frozen]) => ({ output: tf.add(z, tf.sub(bias, frozen)), saved: [] }),
  pullback: (gradient, _saved, _attributes, [needsZ, needsBias]) => [
    needsZ ? gradient.clone() : null,
    needsBias ? tf.sum(gradient, 0) : null,
    null,
  ],
};

/** A bias that is trained in the place of a linear's own, which stays as it is. */
export class TrainedBias {
  /** [O] */
  readonly variable: tf.Variable<tf.Rank.R1>;
  /** [O], the linear's own */
  readonly #frozen: tf.Tensor1D;

  /**
   * @param adapter name of the adapter that it belongs to   @param base has a bias
   * @param values to begin with, copied; the linear's own without
   */
  constructor(
    readonly adapter: string,
    base: Linear,
    values: Float32Array | null,
  ) {
    const own = base.denseBias()!;
    this.#frozen = tf.keep(tf.tensor1d(own.slice()));
    this.variable = tf.tidy(() => tf.variable(tf.tensor1d((values ?? own).slice())));
  }

  /** The result of the linear with the trained bias. @param z [N, O] @returns [N, O], owned by the caller */
  exchange(z: tf.Tensor2D): tf.Tensor2D {
    return apply(exchangeBiasOperation, [z, this.variable, this.#frozen], null) as tf.Tensor2D;
  }

  /** Frees the trained bias and the one that the weights have. */
  dispose(): void {
    this.variable.dispose();
    this.#frozen.dispose();
  }
}
