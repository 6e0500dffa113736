import type { Agreement, Correlation, Interval } from "@lathe/eval";
import type { Question } from "../questions.js";

/** A mean and how far it can be trusted; null where nothing was rated. */
export interface MeanRating {
  readonly mean: number | null;
  /** 95 %, by the bootstrap over rows: ratings of the same row are not independent. */
  readonly interval: Interval | null;
  /** How many ratings it is the mean of. */
  readonly ratings: number;
}

/** What people thought of a system. */
export interface SystemResult extends Readonly<Record<Question, MeanRating>> {
  /** Comparisons with other systems. */
  readonly preferences: { readonly wins: number; readonly ties: number; readonly losses: number };
}

/** What sets two systems apart in one question, over the rows where both were rated. */
export interface SystemDifference {
  readonly systems: readonly [string, string];
  /** A question, or `preference`: the share of comparisons that the first won less that of those it lost. */
  readonly question: Question | "preference";
  readonly rows: number;
  /** The first less the second, mean over the rows. */
  readonly difference: number;
  readonly interval: Interval;
  /** Two-sided, by the paired permutation test. */
  readonly pValue: number;
  /**
   * Rows with which a difference of this size is found in four studies of five at the level of 5 %; null where there is no
   * difference, or too few rows to tell how it varies.
   */
  readonly requiredRows: number | null;
}

/** How an annotator judges. */
export interface AnnotatorResult {
  readonly name: string;
  /** Tasks answered, rows that come again included. */
  readonly answers: number;
  /** Own rating less the mean of the others', mean over what others rated too; null where there is nothing of that. */
  readonly bias: Readonly<Record<Question, number | null>>;
  /** Median. */
  readonly secondsPerAnswer: number | null;
  /** Rows judged a second time: share of ratings that are the same, and the mean distance. */
  readonly repeats: {
    readonly ratings: number;
    readonly same: number | null;
    readonly meanDistance: number | null;
  };
  /** Replies of known quality: share of ratings within what was expected. */
  readonly gold: { readonly ratings: number; readonly within: number | null };
}

/** A row that annotators disagree about. */
export interface DisputedRow {
  /** Index of the row. */
  readonly row: number;
  readonly id: string;
  /** Greatest distance between two ratings of the same reply. */
  readonly spread: number;
  /** Whether of two replies some prefer the one and some the other. */
  readonly opposed: boolean;
  readonly flags: readonly string[];
  /** Whether the adjudicator has judged it. */
  readonly isSettled: boolean;
}

/** How a metric goes with people's ratings. */
export interface MetricCorrelation {
  readonly metric: string;
  readonly question: Question;
  /** Replies that have both. */
  readonly replies: number;
  /** Of the mean ratings of replies; null where a side is constant. */
  readonly spearman: Correlation | null;
  readonly kendall: Correlation | null;
}

/** What a study says so far. */
export interface StudyResults {
  readonly systems: Readonly<Record<string, SystemResult>>;
  /** At the ordinal level; preferences at the nominal one. */
  readonly agreement: Readonly<Record<Question | "preference", Agreement>>;
  readonly comparisons: readonly SystemDifference[];
  readonly annotators: readonly AnnotatorResult[];
  /** Rows to adjudicate, those with the widest spread first. */
  readonly disputed: readonly DisputedRow[];
  /** Means with the adjudicator's ratings in place of the annotators' where there are some; null before the first. */
  readonly adjudicated: Readonly<Record<string, Readonly<Record<Question, MeanRating>>>> | null;
  readonly correlations: readonly MetricCorrelation[];
  /** Answers to rows, without repeats, gold questions and the adjudicator's. */
  readonly answers: number;
}
