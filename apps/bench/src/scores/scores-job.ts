/** Replies to score against references. */
export interface ScoresJob {
  /** JSON lines of `{"prediction"}`. */
  readonly predictions: string;
  /** JSON lines of `{"reference"}`. */
  readonly references: string;
}

/** What a contestant said of the replies. */
export interface ScoresOutcome {
  /** Of the processor, of reading and each metric without intervals; null for one that the contestant has not. */
  readonly seconds: Readonly<Record<ScoredMetric, number | null>>;
  readonly scores: Readonly<Record<ScoredMetric, number | null>>;
  /** Of the processor, of all metrics at once with intervals of 1,000 resamples; null where they are not drawn. */
  readonly secondsWithIntervals: number | null;
  readonly peakResidentBytes: number;
}

/** Metrics that are measured; ROUGE is ROUGE-1, -2 and -L, and its score the last of them. */
export const SCORED_METRICS = ["bleu", "chrf", "rouge"] as const;

/** One of {@link SCORED_METRICS}. */
export type ScoredMetric = (typeof SCORED_METRICS)[number];
