import { ExpectationError } from "../errors/expectation-error.js";
import { type Phrase, phrase, sayPhrase } from "../errors/phrase.js";

/** Text that is not JSON, or JSON that is refused. */
export class JsonError extends ExpectationError {
  override readonly name = "JsonError";
  /** What was found. */
  readonly actual: string;

  constructor(
    expected: string | Phrase,
    actual: string | Phrase,
    /** Line of the text, from 1. */
    readonly line: number,
    /** Column of the line in UTF-16 units, from 1. */
    readonly column: number,
  ) {
    super(phrase`line ${line}, column ${column}`, expected, actual);
    this.actual = sayPhrase(actual);
  }
}
