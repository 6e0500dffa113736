import { ExpectationError, type Phrase } from "@lathe/files";

/** An answer that is none: the field at fault, what was expected there and what came. */
export class AnswerError extends ExpectationError {
  override readonly name = "AnswerError";

  constructor(
    /** Path of the field, such as `content.ratings[0].fluency`. */
    readonly field: string,
    expected: string | Phrase,
    actual: string | Phrase,
  ) {
    super(field, expected, actual);
  }
}
