import { type Phrase, phrase } from "./phrase.js";
import { phraseOfError } from "./phrase-of-error.js";
import { isSpokenError } from "./spoken-error.js";
import { isSystemError } from "./system-fault.js";

/**
 * What is wrong with the contents of a file, by what a reader of them threw, as a part of a sentence. What was thrown to be said is said
 * as it stands. What a library says stands between quotation marks, as it is in English whatever the language of the sentence; an error
 * of JavaScript itself tells where a library stumbled, which nobody can mend.
 */
export function damageOf(error: unknown): Phrase {
  if (isSpokenError(error) || isSystemError(error)) return phraseOfError(error);
  return error instanceof Error && error.name === "Error"
    ? phrase`its reader says “${error.message}”`
    : phrase`its structure does not hold together`;
}
