import type { Evaluation } from "./validate.js";

/** What a step that ended with an evaluation reports of it; the measures are those of `StepMeasures` on the validation rows. */
export interface ValidationReport {
  /** Mean loss a unit on the validation rows. */
  readonly validationLoss: number;
  readonly validationChosenRewards?: number;
  readonly validationRejectedRewards?: number;
  readonly validationMargin?: number;
  readonly validationAccuracy?: number;
}

/** An evaluation in the words of a step's report. */
export function validationReport({ loss, measures }: Evaluation): ValidationReport {
  const named = Object.entries(measures).map(([name, value]) => [
    `validation${name[0].toUpperCase()}${name.slice(1)}`,
    value as number,
  ]);
  return { validationLoss: loss, ...(Object.fromEntries(named) as Partial<ValidationReport>) };
}
