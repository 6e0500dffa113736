import { ExpectationError, type Phrase, sayPhrase } from "@lathe/files";

/** Something about pruning that cannot be done as asked. */
export class PruneError extends ExpectationError {
  override readonly name = "PruneError";
  /** What is at fault: an option, or the name of a tensor. */
  readonly subject: string;
  readonly actual: string;
  readonly remedy: string | undefined;

  constructor(
    subject: string | Phrase,
    expected: string | Phrase,
    actual: string | Phrase,
    remedy?: string | Phrase,
  ) {
    super(subject, expected, actual, remedy);
    this.subject = sayPhrase(subject);
    this.actual = sayPhrase(actual);
    this.remedy = remedy === undefined ? undefined : sayPhrase(remedy);
  }
}
