import type { Phrase } from "./phrase.js";

/** Hears that something is not as one would expect: a sentence, which `sayPhrase` makes a text. */
export type OnWarning = (warning: string | Phrase) => void;
