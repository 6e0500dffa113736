import type { ModelSize } from "../shared/model-sizes.js";
import type { BaseFormat } from "../shared/random-weights.js";

/** Steps that ranks share, each on a core, of its own where there are as many. */
export interface ScalingJob {
  readonly engine: string;
  readonly size: ModelSize;
  /** Cores that ranks are put on, one after the other and again from the first. */
  readonly cores: number;
  readonly base: BaseFormat;
  /** Tokens of a micro-batch. */
  readonly tokens: number;
  /** Of a step. */
  readonly microBatches: number;
  readonly rank: number;
  readonly targets: readonly string[];
  readonly warmUp: number;
  readonly repeats: number;
}

/** What a rank saw. Times are seconds. */
export interface ScalingOutcome {
  readonly engine: string;
  readonly rank: number;
  readonly ranks: number;
  /** Whether it was put on one core. */
  readonly isPinned: boolean;
  readonly steps: readonly RankStep[];
  readonly gradientBytes: number;
  /** What joins the ranks; null for one by itself. */
  readonly link: { readonly bytesPerSecond: number; readonly secondsPerCall: number } | null;
  readonly losses: readonly number[];
}

/** A step as one rank saw it. */
export interface RankStep {
  readonly seconds: number;
  /** In calls, for others or for what they send. */
  readonly collectiveSeconds: number;
  /** Of them in those that carry gradients, for which all ranks are there. */
  readonly transferSeconds: number;
  readonly calls: number;
}
