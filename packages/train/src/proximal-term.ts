import * as tf from "@tensorflow/tfjs-core";
import type { TrainableParameter } from "./parameter.js";
import type { StepGradients } from "./reduce.js";
import { type NamedValues, type ReadValues, type TensorState, tensorValues } from "./tensor-part.js";

/**
 * The term μ/2 ‖θ − θ₀‖² that draws a run back to where it began (FedProx, arXiv:1812.06127): its gradient μ (θ − θ₀) is added to that
 * of a step's loss before the norm is limited. It keeps a copy of the parameters, which checkpoints have beside the moments.
 */
export class ProximalTerm implements TensorState {
  readonly #origins: Map<string, tf.Tensor>;

  /** @param strength μ, above 0 */
  constructor(
    parameters: readonly TrainableParameter[],
    readonly strength: number,
  ) {
    this.#origins = new Map(
      parameters.map(({ name, variable }) => [name, tf.keep(tf.tidy(() => tf.add(variable, 0)))]),
    );
  }

  /**
   * Adds the gradient of the term to those of some parameters.
   * @param scale on all gradients of the step, as that of a loss
   */
  addTo(gradients: StepGradients, parameters: readonly TrainableParameter[], scale: number): void {
    for (const { name, variable } of parameters) {
      const gradient = gradients.gradient(variable);
      const sum = tf.tidy(() => {
        const pull = tf.mul(tf.sub(variable, this.#origins.get(name)!), this.strength * scale);
        return gradient ? tf.add(gradient, pull) : pull;
      });
      gradients.replace(variable, sum);
    }
  }

  state(): NamedValues[] {
    return [...this.#origins].map(([name, origin]) => tensorValues(name, origin));
  }

  async restore(read: ReadValues): Promise<void> {
    for (const [name, before] of this.#origins) {
      const values = await read(name);
      this.#origins.set(name, tf.keep(tf.tidy(() => tf.tensor(values, before.shape))));
      before.dispose();
    }
  }

  /** Frees the copy. */
  dispose(): void {
    tf.dispose([...this.#origins.values()]);
  }
}
