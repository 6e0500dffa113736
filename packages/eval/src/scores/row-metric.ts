import type { SegmentStatistics } from "../significance/segment-statistics.js";

/** Metrics that a model is needed for: whoever has it gives a score for each row. */
export const rowMetricTable = {
  embedding: {
    summary:
      "cosine of what a model makes of reply and reference, mean of its last hidden states over the text's tokens",
    unit: "fraction",
  },
  "judge-score": { summary: "what a judging model gives a reply, from 1 to 10", unit: "ten" },
  "judge-preference": {
    summary:
      "how often a judging model prefers a reply to that of the first system, asked in both orders; ties count half",
    unit: "points",
  },
} as const;

/** Name of such a metric. */
export type RowMetricName = keyof typeof rowMetricTable;

/** A metric whose rows were scored elsewhere. */
export interface RowMetric {
  readonly name: RowMetricName;
  readonly signature: string;
  /** `[system][row]`: NaN where a row has none. */
  readonly scores: readonly (readonly number[])[];
  /** `[system]`: what the number was made of; null where there is nothing to say. */
  readonly details: readonly unknown[];
}

/** The statistics of the mean over the rows that have a score; that of rows without one is NaN. */
export function rowStatistics(scores: readonly number[]): SegmentStatistics {
  return {
    segments: scores.length,
    width: 2,
    values: Float64Array.from(scores.flatMap((score) => (Number.isNaN(score) ? [0, 0] : [score, 1]))),
    score: ([sum, count]) => sum / count,
  };
}
