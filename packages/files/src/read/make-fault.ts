import { FileError } from "../errors/file-error.js";
import { asPhrase, type Phrase, phrase } from "../errors/phrase.js";

/** Makes a caller's own error from what was expected of a file and what was found. */
export type MakeFault = (expected: string | Phrase, actual: string | Phrase, cause?: unknown) => Error;

/** The faults of a path as {@link FileError}s. */
export function fileFaults(path: string): MakeFault {
  return (expected, actual, cause) =>
    new FileError(path, phrase`expected ${asPhrase(expected)}, got ${asPhrase(actual)}`, { cause });
}

/** The message of whatever was thrown. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
