import type { AnswerContent } from "../answers/answer.js";
import type { TaskKind } from "../assign/plan-tasks.js";
import type { GoldRatings } from "../responses/study-row.js";

/** What a member of a study may do: judge rows, settle disagreements, or see the results. */
export type Role = "annotator" | "adjudicator" | "coordinator";

/** Someone who takes part. */
export interface Member {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
}

/** What results need of a row. */
export interface RowFacts {
  readonly id: string;
  /** `[system]`: automatic scores by the name of the metric. */
  readonly scores: readonly Readonly<Record<string, number>>[];
  /** `[system]` */
  readonly gold: readonly (GoldRatings | null)[];
}

/** An answer that stands. */
export interface StudyAnswer {
  readonly annotator: string;
  /** Index of the row. */
  readonly row: number;
  readonly kind: TaskKind;
  /** `[place shown]`: index of the system. */
  readonly systems: readonly number[];
  readonly content: AnswerContent;
  readonly seconds: number;
  /** When it came to the disk, ISO 8601. */
  readonly at: string;
}

/** All that results are made of. */
export interface StudyData {
  readonly systems: readonly string[];
  readonly rows: readonly RowFacts[];
  /** Names of those who judge rows. */
  readonly annotators: readonly string[];
  /** One for each task that was answered. */
  readonly answers: readonly StudyAnswer[];
}

/** A task as it is shown: nothing in it tells which system wrote what. */
export interface ShownTask {
  readonly position: number;
  readonly prompt: string;
  /** `[place shown]` */
  readonly replies: readonly string[];
  /** Of the answer that stands; 0 where there is none. */
  readonly revision: number;
  /** The answer that stands. */
  readonly answer: AnswerContent | null;
}

/** How far an annotator is. */
export interface TaskProgress {
  readonly done: number;
  readonly total: number;
  /** From the median of the last answers; null before the first. */
  readonly secondsLeft: number | null;
}
