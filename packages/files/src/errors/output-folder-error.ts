import { InputError } from "./input-error.js";
import { asPhrase, type Phrase, phrase } from "./phrase.js";

/** A folder to write that holds something which must stay. */
export class OutputFolderError extends InputError {
  override readonly name = "OutputFolderError";

  constructor(
    /** The folder, as the caller named it. */
    readonly path: string,
    readonly expected: string,
    readonly actual: string,
    /** What to do about it. */
    readonly remedy: string,
  ) {
    super(`${path}: expected ${expected}, got ${actual}; ${remedy}`.replaceAll(/\p{Cc}+/gu, " "));
  }

  override phrases(): readonly Phrase[] {
    const { path, expected, actual, remedy } = this;
    return [phrase`${path}: expected ${asPhrase(expected)}, got ${asPhrase(actual)}; ${asPhrase(remedy)}`];
  }
}
