import { messageOf } from "../read/make-fault.js";
import { isInputError } from "./input-error.js";
import { joinPhrases, type Phrase, phrase } from "./phrase.js";

/** What was thrown, as a part of another sentence: the sentences of an input error, the message of any other. */
export function phraseOfError(error: unknown): Phrase {
  return isInputError(error) ? joinPhrases(error.phrases()) : phrase`${messageOf(error)}`;
}
