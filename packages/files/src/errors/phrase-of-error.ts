import { messageOf } from "../read/make-fault.js";
import { joinPhrases, type Phrase, phrase } from "./phrase.js";
import { isSpokenError } from "./spoken-error.js";

/** What was thrown, as a part of another sentence: its own sentences, or the message where it has none. */
export function phraseOfError(error: unknown): Phrase {
  return isSpokenError(error) ? joinPhrases(error.phrases()) : phrase`${messageOf(error)}`;
}
