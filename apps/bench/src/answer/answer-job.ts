import type { ModelSize } from "../shared/model-sizes.js";

/** A run in a thread of a process that watches how late it is itself. */
export interface AnswerJob {
  /** Model folder of `size`. */
  readonly model: string;
  readonly size: ModelSize;
  readonly engine: string;
  readonly quantize: "none" | "int8";
  /** Rows a step. */
  readonly batch: number;
  /** Tokens a row. */
  readonly sequence: number;
  readonly steps: number;
}

/** How late timers of the main thread were, in milliseconds. */
export interface Lateness {
  readonly median: number;
  readonly p99: number;
  readonly most: number;
  /** Timers that were watched. */
  readonly count: number;
}

/** What the process found. */
export interface AnswerOutcome {
  readonly engine: string;
  /** Without a run. */
  readonly idle: Lateness;
  /** From the first step to the last. */
  readonly training: Lateness;
  readonly secondsPerStep: number;
}
