import type { FinetuneOptions, StreamedStepPlan } from "@lathe/recipes";

/** A run whose weights stay on disk: options of `finetune`, as JSON carries them. */
export interface StreamedPlanJob {
  readonly options: FinetuneOptions;
  /** Files of the weights, of which the speed is measured at which they are read one after the other. */
  readonly files: readonly string[];
}

/** What was planned and what it took. Steps are those after the first. */
export interface StreamedPlanOutcome {
  readonly engine: string;
  readonly engineDescription: string;
  readonly precision: string;
  /** Plan of a step at the speed at which the files were read. */
  readonly plan: StreamedStepPlan;
  /** Bytes a second of a plain read of the files, before the run. */
  readonly bytesPerSecond: number;
  /** Median. */
  readonly secondsPerStep: number;
  /** Mean. */
  readonly bytesPerStep: number;
  /** What the plan as the first three steps corrected it said of those after them, and their median; null for a run as short. */
  readonly corrected: { readonly plannedSecondsPerStep: number; readonly secondsPerStep: number } | null;
  readonly peakResidentBytes: number;
}
