/** Which parameters a step trains, where not all of them are. */
export interface ParameterSampling {
  /** What it is and its constants, as plain values: a checkpoint is only taken up under the same. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Number of the period that a step (from 1) is in; what is trained stays the same within it. */
  period(step: number): number;
  /** Whether a parameter is trained in a period; null where it is in all of them. */
  isTrained(name: string, period: number): boolean | null;
}
