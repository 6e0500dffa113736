import { routines } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs";
import type { TrainableParameter } from "./parameter.js";

/** Constants of {@link AdamW}. */
export interface AdamWConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** First and second moments of one parameter, of its shape. */
interface Moments {
  readonly first: tf.Variable;
  readonly second: tf.Variable;
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter, arXiv:1711.05101), in PyTorch's form:
 *
 *   θ ← θ (1 − ηλ);  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − η/(1 − β₁ᵗ) · m / (√(v/(1 − β₂ᵗ)) + ε)
 *
 * A parameter without a gradient in a step is left as it is.
 */
export class AdamW {
  readonly #moments = new Map<string, Moments>();
  readonly #parameters: readonly TrainableParameter[];
  readonly #config: AdamWConfig;
  #step = 0;

  constructor(parameters: readonly TrainableParameter[], config: AdamWConfig) {
    this.#parameters = parameters;
    this.#config = config;
    for (const { name, variable } of parameters) {
      const zeros = (): tf.Variable => tf.tidy(() => tf.variable(tf.zeros(variable.shape), false));
      this.#moments.set(name, { first: zeros(), second: zeros() });
    }
  }

  /** Steps taken, restored ones included. */
  get step(): number {
    return this.#step;
  }

  /**
   * One step.
   * @param gradientOf the gradient of a variable, borrowed, or null
   * @param gradientScale on every gradient, e.g. from clipping
   */
  apply(
    gradientOf: (variable: tf.Variable) => tf.Tensor | null,
    learningRate: number,
    gradientScale = 1,
  ): void {
    this.#step++;
    const updates = this.#parameters.flatMap(({ name, variable }) => {
      const gradient = gradientOf(variable);
      return gradient ? [{ variable, gradient, ...this.#moments.get(name)! }] : [];
    });
    routines().adamW(updates, { ...this.#config, learningRate, gradientScale, step: this.#step });
  }

  /** The moments by tensor name, copied to the host. */
  state(): { readonly name: string; readonly shape: readonly number[]; readonly values: Float32Array }[] {
    return [...this.#moments].flatMap(([name, { first, second }]) =>
      [
        { name: `${name}.first_moment`, variable: first },
        { name: `${name}.second_moment`, variable: second },
      ].map((entry) => ({
        name: entry.name,
        shape: entry.variable.shape,
        values: Float32Array.from(entry.variable.dataSync()),
      })),
    );
  }

  /** Takes over moments of {@link AdamW.state} and the number of steps they stand for. */
  async restore(step: number, read: (name: string) => Promise<Float32Array>): Promise<void> {
    for (const [name, { first, second }] of this.#moments) {
      for (const [variable, part] of [
        [first, "first_moment"],
        [second, "second_moment"],
      ] as const) {
        const values = await read(`${name}.${part}`);
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      }
    }
    this.#step = step;
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
