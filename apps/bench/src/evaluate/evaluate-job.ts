import type { ModelSize } from "../shared/model-sizes.js";
import type { BaseFormat } from "../shared/random-weights.js";

/** Prompts that a model replies to, so many at a time. */
export interface EvaluateJob {
  readonly size: ModelSize;
  readonly base: BaseFormat;
  readonly engine: string;
  readonly precision: string;
  readonly prompts: readonly (readonly number[])[];
  readonly batchSize: number;
  /** Tokens of a reply at most. */
  readonly maxNewTokens: number;
  /** Any of these ends a reply. */
  readonly stopIds: readonly number[];
}

/** What came of it. */
export interface EvaluateOutcome {
  readonly engine: string;
  /** `[prompt]`: ids of the reply. */
  readonly replies: readonly (readonly number[])[];
  /** New tokens, those that ended a reply included. */
  readonly tokens: number;
  readonly seconds: number;
  /** Of all threads, user and system. */
  readonly processorSeconds: number;
  readonly peakResidentBytes: number;
}
