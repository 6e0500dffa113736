import { engineInUse } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { callsByConstants } from "./calls-by-constants.js";
import type { CreateOptimiser, GradientOf, Optimiser } from "./optimiser.js";
import type { TrainableParameter } from "./parameter.js";
import { floatState, stepCount } from "./parameter-state.js";
import type { NamedValues, ReadValues } from "./tensor-part.js";

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
  /** Means of squares over the columns of a matrix [..., O]; null for a vector. */
  readonly rows: tf.Variable | null;
  /** Means of squares over its rows [..., I], or the squares of a vector. */
  readonly columns: tf.Variable;
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
      parameters.map(({ name, variable: { shape } }): [string, SecondMoment] => {
        if (shape.length < 2) return [name, { step: 0, rows: null, columns: zeros(shape) }];
        const rows = zeros(shape.slice(0, -1));
        return [name, { step: 0, rows, columns: zeros([...shape.slice(0, -2), shape.at(-1)!]) }];
      }),
    );
  }

  apply(gradientOf: GradientOf, learningRate: number, gradientScale = 1): void {
    const calls = callsByConstants(
      this.#parameters,
      this.#moments,
      gradientOf,
      { learningRate, weightDecay: this.#config.weightDecay },
      (variable, gradient, { rows, columns }) => ({
        variable,
        gradient,
        rowMoments: rows,
        columnMoments: columns,
      }),
    );
    for (const { updates, constants } of calls) {
      const kept = 1 - constants.step ** DECAY_EXPONENT;
      engineInUse().routines.adafactor(updates, { kept, gradientScale, ...constants });
    }
  }

  state(): NamedValues[] {
    return [...this.#moments].flatMap(([name, moment]) => [
      stepCount(name, moment.step),
      ...partsOf(moment).map((part) => floatState(name, part.name, part.variable)),
    ]);
  }

  async restore(read: ReadValues): Promise<void> {
    for (const [name, moment] of this.#moments) {
      for (const { name: part, variable } of partsOf(moment)) {
        const values = await read(`${name}.${part}`);
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      }
      [moment.step] = await read(`${name}.step`);
    }
  }

  dispose(): void {
    for (const moment of this.#moments.values())
      for (const { variable } of partsOf(moment)) variable.dispose();
  }
}

/** The parts of a second moment as a checkpoint names them. */
function partsOf({
  rows,
  columns,
}: SecondMoment): { readonly name: string; readonly variable: tf.Variable }[] {
  if (rows === null) return [{ name: "squares", variable: columns }];
  return [
    { name: "rows", variable: rows },
    { name: "columns", variable: columns },
  ];
}
