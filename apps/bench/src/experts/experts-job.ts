import type { MatrixFormatName } from "@lathe/quant";

/** Products of a mixture's tokens with the experts that they go to, beside one product of as many operations. */
export interface ExpertsJob {
  readonly tokens: number;
  readonly experts: number;
  readonly expertsPerToken: number;
  readonly outFeatures: number;
  readonly inFeatures: number;
  readonly formats: readonly MatrixFormatName[];
  readonly precision: string;
  readonly repeats: number;
}

/** Seconds of both, forward and for the gradient of the inputs, in turns. */
export interface MeasuredExperts {
  readonly format: MatrixFormatName;
  readonly direction: "forward" | "gradient";
  /** Tokens sorted by expert, a product each. */
  readonly grouped: readonly number[];
  /** All rows with the weight of one. */
  readonly dense: readonly number[];
}

/** What was measured. */
export interface ExpertsOutcome {
  readonly level: string;
  readonly threads: number;
  readonly measured: readonly MeasuredExperts[];
}
