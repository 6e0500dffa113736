import * as tf from "@tensorflow/tfjs-core";
import type { CreateOptimiser, GradientOf, Optimiser } from "./optimiser.js";
import type { TrainableParameter } from "./parameter.js";
import type { NamedValues, ReadValues } from "./tensor-part.js";

/** Added to squared gradients. */
const EPSILON = 1e-30;
/** Root mean square that an update is brought down to before it is multiplied by the rate. */
const LARGEST_UPDATE = 1;
/** Exponent of the step in the decay of second moments. */
const DECAY_EXPONENT = -0.8;

/** Constants of {@link Adafactor}. */
export interface AdafactorConfig {
  readonly weightDecay: number;
}

/** Makes {@link Adafactor} the optimiser of a run. */
export function adafactor({ weightDecay }: AdafactorConfig): CreateOptimiser {
  return (parameters) => new Adafactor(parameters, { weightDecay });
}

/** What is remembered of one parameter. */
interface SecondMoment {
  /** Steps in which it had a gradient. */
  step: number;
  /** Means of squares over the columns [O] and over the rows [I] of a matrix, or all squares of a vector. */
  readonly parts: readonly { readonly name: string; readonly variable: tf.Variable }[];
}

/**
 * Adafactor (Shazeer & Stern, arXiv:1804.04235) as Transformers has it with a rate from outside (`scale_parameter` and
 * `relative_step` off, no first moment): the second moment of a matrix is kept as the product of the means of its rows and columns,
 *
 *   R ← β R + (1 − β) mean_cols(g² + ε₁);  C ← β C + (1 − β) mean_rows(g² + ε₁),  β = 1 − t^−0.8
 *   u = g / √(R C / mean(R));  u ← u / max(1, rms(u));  θ ← θ (1 − ηλ) − η u
 *
 * so that it takes O + I numbers in place of 2 O I. A parameter without a gradient in a step is left as it is.
 */
export class Adafactor implements Optimiser {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly #parameters: readonly TrainableParameter[];
  readonly #moments: ReadonlyMap<string, SecondMoment>;
  readonly #config: AdafactorConfig;

  constructor(parameters: readonly TrainableParameter[], config: AdafactorConfig) {
    this.#parameters = parameters;
    this.#config = config;
    this.identity = { name: "adafactor", ...config };
    const zeros = (shape: readonly number[]): tf.Variable =>
      tf.tidy(() => tf.variable(tf.fill([...shape], 0, "float32"), false));
    this.#moments = new Map(
      parameters.map(({ name, variable: { shape } }) => {
        const parts =
          shape.length >= 2
            ? [
                { name: "rows", variable: zeros(shape.slice(0, -1)) },
                { name: "columns", variable: zeros([...shape.slice(0, -2), shape.at(-1)!]) },
              ]
            : [{ name: "squares", variable: zeros(shape) }];
        return [name, { step: 0, parts }];
      }),
    );
  }

  apply(gradientOf: GradientOf, learningRate: number, gradientScale = 1): void {
    for (const parameter of this.#parameters) {
      const { name, variable, weightDecay = this.#config.weightDecay, learningRateFactor = 1 } = parameter;
      const gradient = gradientOf(variable);
      if (!gradient) continue;
      const moment = this.#moments.get(name)!;
      moment.step++;
      const rate = learningRate * learningRateFactor;
      tf.tidy(() => {
        const scaled = gradientScale === 1 ? gradient : tf.mul(gradient, gradientScale);
        const update = updateOf(scaled, moment);
        const size = Math.sqrt(tf.mean(tf.square(update)).dataSync()[0]);
        const decayed = weightDecay === 0 ? variable : tf.mul(variable, 1 - rate * weightDecay);
        variable.assign(tf.sub(decayed, tf.mul(update, rate / Math.max(1, size / LARGEST_UPDATE))));
      });
    }
  }

  state(): NamedValues[] {
    return [...this.#moments].flatMap(([name, { step, parts }]) => [
      { name: `${name}.step`, shape: [], values: Float32Array.of(step) },
      ...parts.map((part) => ({
        name: `${name}.${part.name}`,
        shape: part.variable.shape,
        values: Float32Array.from(part.variable.dataSync()),
      })),
    ]);
  }

  async restore(read: ReadValues): Promise<void> {
    for (const [name, moment] of this.#moments) {
      for (const { name: part, variable } of moment.parts) {
        const values = await read(`${name}.${part}`);
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      }
      [moment.step] = await read(`${name}.step`);
    }
  }

  dispose(): void {
    for (const { parts } of this.#moments.values()) for (const { variable } of parts) variable.dispose();
  }
}

/** The gradient over the root of the second moment, which is brought up to date. */
function updateOf(gradient: tf.Tensor, { step, parts }: SecondMoment): tf.Tensor {
  const kept = 1 - step ** DECAY_EXPONENT;
  const squares = tf.add(tf.square(gradient), EPSILON);
  const renew = (variable: tf.Variable, values: tf.Tensor): void => {
    variable.assign(tf.add(tf.mul(variable, kept), tf.mul(values, 1 - kept)));
  };
  if (parts.length === 1) {
    renew(parts[0].variable, squares);
    return tf.mul(gradient, tf.rsqrt(parts[0].variable));
  }
  const [rows, columns] = parts.map(({ variable }) => variable);
  renew(rows, tf.mean(squares, -1));
  renew(columns, tf.mean(squares, -2));
  const byRow = tf.rsqrt(tf.div(rows, tf.mean(rows, -1, true)));
  const byColumn = tf.rsqrt(columns);
  return tf.mul(tf.mul(gradient, tf.expandDims(byRow, -1)), tf.expandDims(byColumn, -2));
}
