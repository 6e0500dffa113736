import { asPhrase, InputError, type Phrase, phrase, sayPhrase } from "@lathe/files";

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
