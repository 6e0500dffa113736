import { InputError } from "../errors/input-error.js";

/** Text that is not JSON, or JSON that is refused. */
export class JsonError extends InputError {
  override readonly name = "JsonError";

  constructor(
    /** What was expected at the place. */
    readonly expected: string,
    /** What was found. */
    readonly actual: string,
    /** Line of the text, from 1. */
    readonly line: number,
    /** Column of the line in UTF-16 units, from 1. */
    readonly column: number,
  ) {
    super(`line ${line}, column ${column}: expected ${expected}, got ${actual}`.replaceAll(/\p{Cc}+/gu, " "));
  }
}
