// What a verb of `lathe` comes to with --json: the object on the last line that it writes.

import { messages } from "./messages.mjs";

/** A verb that ended well and said nothing that can be read; the message is for people. */
export class NoResultError extends Error {
  code = 1;
}

/** @throws NoResultError where the last line is no JSON object */
export function readResult(verb, stdout) {
  try {
    const result = JSON.parse(stdout.trim().split("\n").at(-1));
    if (typeof result === "object" && result !== null) return result;
  } catch {
    // Said below, along with a value that is no object.
  }
  throw new NoResultError(messages.noResult(`lathe ${verb}`));
}
