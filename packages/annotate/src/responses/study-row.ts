import type { Question } from "../questions.js";

/** Least and greatest rating that a reply of known quality may get. */
export type GoldRange = readonly [least: number, most: number];

/** What is known beforehand of the replies to a row. */
export type GoldRatings = Readonly<Partial<Record<Question, GoldRange>>>;

/** A prompt and the replies of all systems. */
export interface StudyRow {
  /** As the files name it. */
  readonly id: string;
  readonly prompt: string;
  readonly reference: string | null;
  /** `[system]` */
  readonly outputs: readonly string[];
  /** `[system]`: automatic scores by the name of the metric. */
  readonly scores: readonly Readonly<Record<string, number>>[];
  /** `[system]`; null where nothing is known beforehand. A row with any is a gold question and counts for annotators alone. */
  readonly gold: readonly (GoldRatings | null)[];
}

/** Systems and what they replied. */
export interface Responses {
  /** Names, from those of the files. */
  readonly systems: readonly string[];
  readonly rows: readonly StudyRow[];
}
