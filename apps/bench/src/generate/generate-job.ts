import type { ModelSize } from "../shared/model-sizes.js";
import type { BaseFormat } from "../shared/random-weights.js";

/** One sequence that every contestant continues. */
export interface GenerateJob {
  readonly size: ModelSize;
  readonly prompt: readonly number[];
  /** New tokens that are measured. */
  readonly tokens: number;
  /** New tokens before the clock counts; the first of them takes the prompt in. */
  readonly warmUp: number;
}

/** The job of Lathe's own process. */
export interface LatheGenerateJob extends GenerateJob {
  readonly engine: string;
  readonly precision: string;
  readonly base: BaseFormat;
}

/** What a contestant did. */
export interface GenerateOutcome {
  /** Seconds of each measured token. */
  readonly seconds: readonly number[];
  /** Seconds until the first new token. */
  readonly firstTokenSeconds: number;
  /** Bytes of all weights that one token reads. */
  readonly weightBytes: number;
  readonly peakResidentBytes: number;
}

/** What Lathe's process did. */
export interface LatheGenerateOutcome extends GenerateOutcome {
  readonly engine: string;
  readonly engineDescription: string;
  readonly precision: string;
}
