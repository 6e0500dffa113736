import { InputError } from "@lathe/files";

/** A file is not a readable file of token rows. */
export class TokenFileError extends InputError {
  override readonly name = "TokenFileError";
  /** @param reason completes the sentence "token file FILE …" */
  constructor(
    readonly file: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`token file ${file} ${reason}`, options);
  }
}
