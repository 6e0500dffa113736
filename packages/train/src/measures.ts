/** What is reported of a step, or of an evaluation, beside its loss. */
export interface StepMeasures {
  /** Mean reward of chosen, or desirable, completions: how much likelier they have become, times β. */
  readonly chosenRewards?: number;
  /** Mean reward of rejected, or undesirable, completions. */
  readonly rejectedRewards?: number;
  /** `chosenRewards` less `rejectedRewards`. */
  readonly margin?: number;
  /** Share of pairs whose chosen completion has the greater reward. */
  readonly accuracy?: number;
}

/** Adds to one of the sums of {@link Measures}. */
export type AddMeasure = (sum: string, value: number) => void;

/** What an objective reports beside its loss: sums over the batches of a step, and what is made of them at its end. */
export interface Measures {
  /** Names of the sums. */
  readonly sums: readonly string[];
  /** Makes the report of the sums. */
  report(sums: Readonly<Record<string, number>>): StepMeasures;
}
