import { ExpectationError } from "./expectation-error.js";
import { type Phrase, sayPhrase } from "./phrase.js";

/** A folder to write that holds something which must stay. */
export class OutputFolderError extends ExpectationError {
  override readonly name = "OutputFolderError";
  readonly actual: string;
  /** What to do about it. */
  readonly remedy: string;

  constructor(
    /** The folder, as the caller named it. */
    readonly path: string,
    expected: string | Phrase,
    actual: string | Phrase,
    remedy: string | Phrase,
  ) {
    super(path, expected, actual, remedy);
    this.actual = sayPhrase(actual);
    this.remedy = sayPhrase(remedy);
  }
}
