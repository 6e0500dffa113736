import { asPhrase, InputError, type Phrase, phrase } from "@lathe/files";

/** Something about pruning that cannot be done as asked. */
export class PruneError extends InputError {
  override readonly name = "PruneError";

  constructor(
    /** What is at fault: an option, or the name of a tensor. */
    readonly subject: string,
    readonly expected: string,
    readonly actual: string,
    readonly remedy?: string,
  ) {
    super(`${subject}: expected ${expected}, got ${actual}${remedy === undefined ? "" : `; ${remedy}`}`);
  }

  override phrases(): readonly Phrase[] {
    const { subject, expected, actual, remedy } = this;
    const fault = phrase`${subject}: expected ${asPhrase(expected)}, got ${asPhrase(actual)}`;
    return [remedy === undefined ? fault : phrase`${fault}; ${asPhrase(remedy)}`];
  }
}
