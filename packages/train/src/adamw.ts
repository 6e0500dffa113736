import { engineInUse } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { callsByConstants } from "./calls-by-constants.js";
import type { CreateOptimiser, GradientOf, Optimiser } from "./optimiser.js";
import type { TrainableParameter } from "./parameter.js";
import { floatState, stepCount } from "./parameter-state.js";
import type { NamedValues, ReadValues } from "./tensor-part.js";

/** Constants of {@link AdamW}. */
export interface AdamWConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** Makes {@link AdamW} the optimiser of a run. */
export function adamW(config: AdamWConfig): CreateOptimiser {
  return (parameters) => new AdamW(parameters, config);
}

/** What is remembered of one parameter. */
interface Moments {
  /** Steps in which it had a gradient. */
  step: number;
  readonly first: tf.Variable;
  readonly second: tf.Variable;
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter, arXiv:1711.05101), in PyTorch's form:
 *
 *   θ ← θ (1 − ηλ);  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − η/(1 − β₁ᵗ) · m / (√(v/(1 − β₂ᵗ)) + ε)
 *
 * Decay λ and a factor on η may be a parameter's own. A parameter without a gradient in a step is left as it is, and t, which is counted for each parameter, does not advance.
 */
export class AdamW implements Optimiser {
  readonly grain = 1;
  readonly identity: Readonly<Record<string, unknown>>;
  readonly #moments = new Map<string, Moments>();
  readonly #parameters: readonly TrainableParameter[];
  readonly #config: AdamWConfig;

  constructor(parameters: readonly TrainableParameter[], config: AdamWConfig) {
    this.#parameters = parameters;
    const { beta1, beta2, epsilon, weightDecay } = config;
    this.#config = { beta1, beta2, epsilon, weightDecay };
    this.identity = { name: "adamw", ...this.#config };
    for (const { name, variable } of parameters) {
      // An operation of the engine, in its memory; `tf.zeros` would leave an array to the garbage collector.
      const zeros = (): tf.Variable =>
        tf.tidy(() => tf.variable(tf.fill(variable.shape, 0, "float32"), false));
      this.#moments.set(name, { step: 0, first: zeros(), second: zeros() });
    }
  }

  apply(gradientOf: GradientOf, learningRate: number, gradientScale = 1): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#config;
    const calls = callsByConstants(
      this.#parameters,
      this.#moments,
      gradientOf,
      { learningRate, weightDecay },
      (variable, gradient, { first, second }) => ({ variable, gradient, first, second }),
    );
    for (const { updates, constants } of calls) {
      engineInUse().routines.adamW(updates, { beta1, beta2, epsilon, gradientScale, ...constants });
    }
  }

  /** Moments and step counts by tensor name. */
  state(): NamedValues[] {
    return [...this.#moments].flatMap(([name, { step, first, second }]) => [
      stepCount(name, step),
      ...[
        { part: "first_moment", variable: first },
        { part: "second_moment", variable: second },
      ].map(({ part, variable }) => floatState(name, part, variable)),
    ]);
  }

  /** Takes over what {@link AdamW.state} gave. */
  async restore(read: ReadValues): Promise<void> {
    for (const [name, moments] of this.#moments) {
      for (const [variable, part] of [
        [moments.first, "first_moment"],
        [moments.second, "second_moment"],
      ] as const) {
        const values = await read(`${name}.${part}`);
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      }
      [moments.step] = await read(`${name}.step`);
    }
  }

  /** Frees the moments; the parameters stay. */
  dispose(): void {
    for (const { first, second } of this.#moments.values()) {
      first.dispose();
      second.dispose();
    }
    this.#moments.clear();
  }
}
