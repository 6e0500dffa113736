import { type Phrase, phrase } from "@lathe/files";

/** Names that a message has at most. */
const SHOWN = 8;

/** Names with commas between them, the first few of many. */
export function listPhrase(names: readonly (string | number)[]): Phrase {
  const shown = names.slice(0, SHOWN).join(", ");
  return names.length > SHOWN ? phrase`${shown} and ${names.length - SHOWN} more` : phrase`${shown}`;
}
