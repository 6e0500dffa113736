import { type Phrase, phrase } from "./phrase.js";
import { phraseOfError } from "./phrase-of-error.js";
import { isSpokenError } from "./spoken-error.js";

/**
 * What is wrong with the contents of a file, by what a reader of them threw, as a part of a sentence. What was thrown to be said is said
 * as it stands; an error of JavaScript itself tells where a library stumbled, which nobody can mend.
 */
export function damageOf(error: unknown): Phrase {
  const isSaid = isSpokenError(error) || (error instanceof Error && error.name === "Error");
  return isSaid ? phraseOfError(error) : phrase`its structure does not hold together`;
}
