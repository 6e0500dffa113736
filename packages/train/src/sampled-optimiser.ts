import type { CreateOptimiser, GradientOf, Optimiser } from "./optimiser.js";
import type { TrainableParameter } from "./parameter.js";
import type { ParameterSampling } from "./parameter-sampling.js";
import type { NamedValues, ReadValues, SharedValues } from "./tensor-part.js";

/**
 * An optimiser of which only the parameters of the period at hand have a state: those that are drawn anew begin without one, and
 * those that go take theirs with them.
 */
export class SampledOptimiser implements Optimiser {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly #create: CreateOptimiser;
  readonly #parameters: readonly TrainableParameter[];
  readonly #sampling: ParameterSampling;
  /** Of the parameters that are always trained. */
  readonly #steady: Optimiser;
  #sampled: { readonly period: number; readonly optimiser: Optimiser } | null = null;

  constructor(
    create: CreateOptimiser,
    parameters: readonly TrainableParameter[],
    sampling: ParameterSampling,
  ) {
    this.#create = create;
    this.#parameters = parameters;
    this.#sampling = sampling;
    this.#steady = create(parameters.filter(({ name }) => sampling.isTrained(name, 0) === null));
    this.identity = { ...this.#steady.identity, sampling: sampling.identity };
  }

  /** The parameters that a step trains. */
  trainedAt(step: number): readonly TrainableParameter[] {
    const period = this.#sampling.period(step);
    return this.#parameters.filter(({ name }) => this.#sampling.isTrained(name, period) !== false);
  }

  /**
   * Where a step begins a period, makes the state of what it trains and gives up that of others. To be called when the step can no longer
   * be broken off: until then a checkpoint takes the state of the step before it.
   * @returns whether it did
   */
  enter(step: number): boolean {
    const period = this.#sampling.period(step);
    if (this.#sampled?.period === period) return false;
    this.#sampled?.optimiser.dispose();
    const drawn = this.#parameters.filter(({ name }) => this.#sampling.isTrained(name, period) === true);
    this.#sampled = { period, optimiser: this.#create(drawn) };
    return true;
  }

  async apply(gradientOf: GradientOf, learningRate: number, gradientScale?: number): Promise<void> {
    for (const optimiser of this.#all()) await optimiser.apply(gradientOf, learningRate, gradientScale);
  }

  state(): NamedValues[] {
    return this.#all().flatMap((optimiser) => [...optimiser.state()]);
  }

  get sharedState(): (() => Promise<SharedValues[]>) | undefined {
    if (!this.#steady.sharedState) return undefined;
    return async () => {
      const states: SharedValues[] = [];
      for (const optimiser of this.#all()) states.push(...((await optimiser.sharedState?.()) ?? []));
      return states;
    };
  }

  async restore(read: ReadValues): Promise<void> {
    for (const optimiser of this.#all()) await optimiser.restore(read);
  }

  dispose(): void {
    for (const optimiser of this.#all()) optimiser.dispose();
    this.#sampled = null;
  }

  #all(): Optimiser[] {
    return [this.#steady, ...(this.#sampled ? [this.#sampled.optimiser] : [])];
  }
}
