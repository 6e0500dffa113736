import type { AddMeasure, Measures, StepMeasures } from "./measures.js";

/** The sums of an objective's measures while they are added up. */
export class Tally {
  readonly #measures: Measures | undefined;
  readonly #sums: Record<string, number>;

  /** @param measures undefined where an objective has none */
  constructor(measures: Measures | undefined) {
    this.#measures = measures;
    this.#sums = Object.fromEntries((measures?.sums ?? []).map((name) => [name, 0]));
  }

  /** @throws RangeError on a sum that the measures do not name */
  readonly add: AddMeasure = (name, value) => {
    if (!Object.hasOwn(this.#sums, name)) throw new RangeError(`no sum named ${name}`);
    this.#sums[name] += value;
  };

  /** The sums, in the order of their names. */
  numbers(): number[] {
    return Object.values(this.#sums);
  }

  /** The report of sums in the order of {@link Tally.numbers}, such as those of all processes together. */
  report(numbers: readonly number[]): StepMeasures {
    const names = Object.keys(this.#sums);
    return (
      this.#measures?.report(Object.fromEntries(names.map((name, index) => [name, numbers[index]]))) ?? {}
    );
  }
}
