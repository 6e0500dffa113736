import { asPhrase, InputError, type Phrase, phrase, sayPhrase } from "@lathe/files";

/** A file that is no report of a complete run. */
export class RunPassportError extends InputError {
  override readonly name = "RunPassportError";
  readonly expected: string;
  readonly actual: string;

  constructor(
    readonly path: string,
    expected: string | Phrase,
    actual: string | Phrase,
    options?: ErrorOptions,
  ) {
    super(
      phrase`${path}: expected ${asPhrase(expected)}, got ${asPhrase(actual)}; give the report.json of a run that is complete`,
      options,
    );
    this.expected = sayPhrase(expected);
    this.actual = sayPhrase(actual);
  }
}
