import type { ModelSize } from "../shared/model-sizes.js";
import type { BaseFormat } from "../shared/random-weights.js";

/** Prompts that are continued together. */
export interface RepliesPart {
  readonly prompts: readonly (readonly number[])[];
  /** New tokens of each. */
  readonly tokens: number;
}

/** What every contestant does, one part after the other. */
export interface RepliesJob {
  readonly parts: readonly RepliesPart[];
}

/** The job of Lathe's own process. */
export interface LatheRepliesJob extends RepliesJob {
  readonly engine: string;
  readonly precision: string;
  readonly size: ModelSize;
  readonly base: BaseFormat;
}

/** The job of llama.cpp. */
export interface LlamaCppJob extends RepliesJob {
  /** The GGUF file. */
  readonly file: string;
  readonly threads: number;
}

/** What one part took. */
export interface PartOutcome {
  /** Seconds until the last sequence had its first new token. */
  readonly promptSeconds: number;
  /** Tokens that came after that, and in how many seconds. */
  readonly decoded: number;
  readonly decodeSeconds: number;
}

/** What a contestant did. */
export interface RepliesOutcome {
  /** What computed, for people. */
  readonly program: string;
  readonly parts: readonly PartOutcome[];
  readonly peakResidentBytes: number;
}
