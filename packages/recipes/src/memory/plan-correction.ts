/** What a run turned out to take, beside what was planned. Sizes are bytes. */
export interface PlanCorrection {
  /** The step after which it is said. */
  readonly step: number;
  readonly plannedBytes: number;
  /** The peak so far, and what the largest micro-batch takes more than those there were. */
  readonly expectedBytes: number;
  readonly budgetBytes: number;
  readonly plannedSecondsPerStep: number;
  /** At the pace of the steps after the first, for one of mean length. */
  readonly secondsPerStep: number;
  /** What a step after the first reads of weights that stay on disk, by where its tokens were routed; null where they are in memory. */
  readonly stream: { readonly plannedBytesPerStep: number; readonly bytesPerStep: number } | null;
  /** Until the last step, evaluations not counted. */
  readonly remainingSeconds: number;
}
