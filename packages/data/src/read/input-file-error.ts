import { InputError } from "@lathe/files";

/** An input file cannot be read as a whole: missing, empty, of an unknown kind, damaged. */
export class InputFileError extends InputError {
  override readonly name = "InputFileError";
  /** @param reason completes the sentence "FILE …", e.g. "holds no rows" */
  constructor(
    readonly file: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${file} ${reason}`, options);
  }
}
