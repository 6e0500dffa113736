import { emptyMoment, type PackedMoment } from "@lathe/kernels";
import { engineInUse } from "@lathe/tensor";
import { AdamW, type AdamWConfig } from "./adamw.js";
import { callsByConstants } from "./calls-by-constants.js";
import type { CreateOptimiser, GradientOf, Optimiser } from "./optimiser.js";
import type { TrainableParameter } from "./parameter.js";
import { arrayState, stepCount } from "./parameter-state.js";
import type { NamedValues, ReadValues } from "./tensor-part.js";

/** Parameters of fewer elements have their moments in float32, as in bitsandbytes: there is nothing to save. */
export const LEAST_PACKED_ELEMENTS = 4096;

/** Makes {@link AdamW8bit} the optimiser of a run. */
export function adamW8bit(config: AdamWConfig): CreateOptimiser {
  return (parameters) => new AdamW8bit(parameters, config);
}

/** What is remembered of one parameter. */
interface PackedMoments {
  /** Steps in which it had a gradient. */
  step: number;
  readonly first: PackedMoment;
  readonly second: PackedMoment;
}

/**
 * AdamW with moments in 8 bits by blocks (Dettmers et al., arXiv:2110.02861): about two bytes an element in place of eight. The
 * moments lie in the memory of the host, where most engines compute the step.
 */
export class AdamW8bit implements Optimiser {
  /** A multiple of the blocks, with parts that are large enough to be packed. */
  readonly grain = LEAST_PACKED_ELEMENTS;
  readonly identity: Readonly<Record<string, unknown>>;
  readonly #small: AdamW;
  readonly #large: readonly TrainableParameter[];
  readonly #moments: ReadonlyMap<string, PackedMoments>;
  readonly #config: AdamWConfig;

  constructor(parameters: readonly TrainableParameter[], config: AdamWConfig) {
    const isLarge = ({ variable }: TrainableParameter): boolean => variable.size >= LEAST_PACKED_ELEMENTS;
    this.#small = new AdamW(
      parameters.filter((parameter) => !isLarge(parameter)),
      config,
    );
    this.#large = parameters.filter(isLarge);
    this.#config = config;
    this.identity = { ...this.#small.identity, name: "adamw8bit" };
    this.#moments = new Map(
      this.#large.map(({ name, variable: { size } }) => [
        name,
        { step: 0, first: emptyMoment(size, "first"), second: emptyMoment(size, "second") },
      ]),
    );
  }

  apply(gradientOf: GradientOf, learningRate: number, gradientScale = 1): void {
    this.#small.apply(gradientOf, learningRate, gradientScale);
    const { beta1, beta2, epsilon, weightDecay } = this.#config;
    const calls = callsByConstants(
      this.#large,
      this.#moments,
      gradientOf,
      { learningRate, weightDecay },
      (variable, gradient, { first, second }) => ({ variable, gradient, first, second }),
    );
    for (const { updates, constants } of calls) {
      engineInUse().routines.adamW8bit(updates, { beta1, beta2, epsilon, gradientScale, ...constants });
    }
  }

  state(): NamedValues[] {
    const packed = [...this.#moments].flatMap(([name, { step, first, second }]) => [
      stepCount(name, step),
      ...Object.entries({ first, second }).flatMap(([which, { codes, scales }]) => [
        arrayState(name, `${which}_moment.codes`, codes),
        arrayState(name, `${which}_moment.scales`, scales),
      ]),
    ]);
    return [...this.#small.state(), ...packed];
  }

  async restore(read: ReadValues): Promise<void> {
    await this.#small.restore(read);
    for (const [name, moments] of this.#moments) {
      for (const which of ["first", "second"] as const) {
        moments[which].codes.set(await read(`${name}.${which}_moment.codes`));
        moments[which].scales.set(await read(`${name}.${which}_moment.scales`));
      }
      [moments.step] = await read(`${name}.step`);
    }
  }

  dispose(): void {
    this.#small.dispose();
  }
}
