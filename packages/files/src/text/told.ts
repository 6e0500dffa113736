import type { Phrase } from "../errors/phrase.js";

/** What stands in a table: a phrase is said in the reader's language, a text stands as it is, a number has few digits. */
export type Cell = string | number | null | undefined | Phrase;

/** A table for people: what is null or undefined is not known. */
export interface ToldTable {
  readonly head: readonly (string | Phrase)[];
  readonly rows: readonly (readonly Cell[])[];
  /** Sentences that stand right above, a line each. */
  readonly above?: readonly (string | Phrase)[];
  /** Sentences that stand right below, a line each. */
  readonly below?: readonly (string | Phrase)[];
}

/** Facts for people, a line each. */
export interface ToldFacts {
  readonly facts: readonly (readonly [name: string | Phrase, value: string | Phrase])[];
}

/** Sentences, a line each. */
export interface ToldLines {
  readonly lines: readonly (string | Phrase)[];
}

/**
 * What a result tells people, as data: paragraphs with an empty line between them. Whoever shows it chooses language and form;
 * `sayTold` of `@lathe/command` makes a text for a terminal of it.
 */
export type Told = readonly (string | Phrase | ToldTable | ToldFacts | ToldLines)[];
