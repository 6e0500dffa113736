import { messageOf } from "../read/make-fault.js";
import { joinPhrases, type Phrase, phrase } from "./phrase.js";
import { isSpokenError } from "./spoken-error.js";
import { isSystemError, systemReason } from "./system-fault.js";

/** What was thrown, as a part of another sentence: its own sentences, why the system refused something, or else the message. */
export function phraseOfError(error: unknown): Phrase {
  if (isSpokenError(error)) return joinPhrases(error.phrases());
  return isSystemError(error) ? systemReason(error) : phrase`${messageOf(error)}`;
}
