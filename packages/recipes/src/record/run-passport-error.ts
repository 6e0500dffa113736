import { asPhrase, InputError, type Phrase, phrase } from "@lathe/files";

/** A file that is no report of a complete run. */
export class RunPassportError extends InputError {
  override readonly name = "RunPassportError";

  constructor(
    readonly path: string,
    readonly expected: string,
    readonly actual: string,
    options?: ErrorOptions,
  ) {
    super(
      `${path}: expected ${expected}, got ${actual}; give the report.json of a run that is complete`,
      options,
    );
  }

  override phrases(): readonly Phrase[] {
    const { path, expected, actual } = this;
    return [
      phrase`${path}: expected ${asPhrase(expected)}, got ${asPhrase(actual)}; give the report.json of a run that is complete`,
    ];
  }
}
