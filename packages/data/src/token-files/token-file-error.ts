import { asPhrase, damageOf, InputError, phrase, type Phrase, sayPhrase } from "@lathe/files";

/** A file is not a readable file of token rows. */
export class TokenFileError extends InputError {
  override readonly name = "TokenFileError";
  readonly reason: string;
  /** @param reason completes the sentence "token file FILE …" */
  constructor(
    readonly file: string,
    reason: string | Phrase,
    options?: ErrorOptions,
  ) {
    super(phrase`token file ${file} ${asPhrase(reason)}`, options);
    this.reason = sayPhrase(reason);
  }
}

/** An error of reading damaged bytes, as one of the file; one that names the file already stays. */
export function asTokenFileError(path: string, error: unknown): TokenFileError {
  if (error instanceof TokenFileError) return error;
  return new TokenFileError(path, phrase`is damaged: ${damageOf(error)}; make it again`, {
    cause: error,
  });
}
