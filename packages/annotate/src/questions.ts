/** What annotators are asked of every reply, from 1 to 5. */
export const QUESTIONS = ["fluency", "relevance"] as const;

/** Name of a question. */
export type Question = (typeof QUESTIONS)[number];

/** What an annotator may mark a task with, besides its ratings. */
export const FLAGS = ["harmful", "personal-data", "broken", "unclear"] as const;

/** Name of a mark. */
export type Flag = (typeof FLAGS)[number];

/** The lowest and the highest rating. */
export const RATING_RANGE = [1, 5] as const;

/** Characters of a comment at most. */
export const MAXIMUM_COMMENT = 4000;
