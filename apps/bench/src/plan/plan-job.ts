import type { FinetuneOptions, MemoryTerms } from "@lathe/recipes";

/** A run whose plan is compared with what it takes: options of `finetune`, as JSON carries them. */
export interface PlanJob {
  readonly options: FinetuneOptions;
  /** Processes that take its steps together. */
  readonly ranks: number;
}

/** What the run took. */
export interface PlannedOutcome {
  readonly engine: string;
  readonly engineDescription: string;
  readonly precision: string;
  /** Largest resident size of the process, or of the rank that has most. */
  readonly peakResidentBytes: number;
  /** Largest size of all tensors and engine-held weights at any moment, as the engine accounts them. */
  readonly peakTensorBytes: number;
  /** Median of the steps after the first. */
  readonly secondsPerStep: number;
}

/** A plan, what a run then took, and how far the two are apart. */
export interface PlanComparison extends PlannedOutcome {
  readonly name: string;
  readonly terms: MemoryTerms;
  readonly plannedBytes: number;
  readonly plannedSeconds: number;
  /** Planned by measured bytes, less 1. */
  readonly memoryError: number;
  /** Planned by measured seconds, less 1. */
  readonly timeError: number;
}
