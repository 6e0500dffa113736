import * as tf from "@tensorflow/tfjs-core";
import type { CreateOptimiser, GradientOf, Optimiser } from "./optimiser.js";
import type { TrainableParameter } from "./parameter.js";
import type { NamedValues } from "./tensor-part.js";

/** Constants of {@link Sgd}. */
export interface SgdConfig {
  readonly weightDecay: number;
}

/** Makes {@link Sgd} the optimiser of a run. */
export function sgd({ weightDecay }: SgdConfig): CreateOptimiser {
  return (parameters) => new Sgd(parameters, { weightDecay });
}

/**
 * Gradient descent without momentum, θ ← θ (1 − ηλ) − η g. It remembers nothing, and a step is linear in the gradient: the mean of
 * what several owners of rows come to by a step each is what a step on all the rows comes to.
 */
export class Sgd implements Optimiser {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly grain = 1;
  readonly #parameters: readonly TrainableParameter[];
  readonly #weightDecay: number;

  constructor(parameters: readonly TrainableParameter[], { weightDecay }: SgdConfig) {
    this.#parameters = parameters;
    this.#weightDecay = weightDecay;
    this.identity = { name: "sgd", weightDecay };
  }

  apply(gradientOf: GradientOf, learningRate: number, gradientScale = 1): void {
    for (const { variable, weightDecay = this.#weightDecay, learningRateFactor = 1 } of this.#parameters) {
      const gradient = gradientOf(variable);
      if (!gradient) continue;
      const rate = learningRate * learningRateFactor;
      tf.tidy(() => {
        const kept = weightDecay === 0 ? variable : tf.mul(variable, 1 - rate * weightDecay);
        variable.assign(tf.sub(kept, tf.mul(gradient, rate * gradientScale)));
      });
    }
  }

  state(): NamedValues[] {
    return [];
  }

  async restore(): Promise<void> {
    // There is nothing to take over.
  }

  dispose(): void {
    // The parameters stay, and there is nothing else.
  }
}
