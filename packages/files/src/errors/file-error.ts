import { InputError } from "./input-error.js";

/** A file or folder that cannot be read, written, made or replaced, as one sentence. */
export class FileError extends InputError {
  override readonly name = "FileError";

  /** @param reason what is wrong, as "no such file" or "cannot be written: no space is left on the device" */
  constructor(
    /** The file or folder at fault, as the caller named it. */
    readonly path: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${reason}`.replaceAll(/\p{Cc}+/gu, " "), options);
  }
}
