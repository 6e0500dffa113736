import type { Interval, JudgeReport, SystemComparison } from "@lathe/eval";
import type { Contamination } from "./find-contamination.js";
import type { NotableRows } from "./notable-rows.js";
import type { LossScore } from "./row-losses.js";
import type { AdapterRun } from "./run-of-adapter.js";

/** How fast a system replied. */
export interface GenerationPace {
  readonly replies: number;
  /** New tokens of all replies. */
  readonly tokens: number;
  /** Of what one process generated, without what a killed one had; null where nothing was. */
  readonly tokensPerSecond: number | null;
  /** Median of the seconds from when a row was taken up to its first token. */
  readonly firstTokenSeconds: number;
  /** Replies that were generated at one time; null where nothing was. More than eight are rounded otherwise than one alone. */
  readonly batchSize: number | null;
  /** Replies that were cut at their length. */
  readonly cut: number;
}

/** What a system makes of the rows. */
export interface EvaluatedSystem {
  readonly name: string;
  /** Null for the base. */
  readonly adapter: string | null;
  readonly data: LossScore;
  /** Of the general rows; null without them. */
  readonly probe: LossScore | null;
  /** Null where no replies are generated. */
  readonly pace: GenerationPace | null;
  /** File of its replies; null where none is kept. */
  readonly predictions: string | null;
  /** How the adapter's run went; null where its folder says nothing of it. */
  readonly run: Omit<AdapterRun, "metrics"> | null;
}

/** How the perplexity of a system differs from that of the first. */
export interface PerplexityComparison {
  readonly rows: "data" | "probe";
  readonly systems: readonly [string, string];
  readonly difference: number;
  readonly interval: Interval;
  /** Of the paired permutation test over rows, two-sided. */
  readonly pValue: number;
}

/** What systems make of the same rows: plain data, fit for JSON. */
export interface SystemsEvaluation {
  readonly rows: number;
  /** Rows that have a reply to generate. */
  readonly replies: number;
  readonly systems: readonly EvaluatedSystem[];
  readonly perplexities: readonly PerplexityComparison[];
  /** Scores of the replies, with signatures, intervals and tests; null where there are none. */
  readonly scores: SystemComparison | null;
  /** Who judged the replies, what it was told, and what it cost; null where nobody did. */
  readonly judge: JudgeReport | null;
  /** Rows that are worth a look; null without scores. */
  readonly notable: NotableRows | null;
  /** Rows of the test set among those of prepared folders that are known; empty where none is known. */
  readonly contamination: readonly Contamination[];
  /** Of the process, at most so far. */
  readonly peakResidentBytes: number;
}
