import { InputError } from "@lathe/files";

/** The output folder is in use for something that must not be overwritten. */
export class OutputFolderError extends InputError {
  override readonly name = "OutputFolderError";
  /** @param reason completes the sentence "output folder FOLDER …" */
  constructor(
    readonly folder: string,
    readonly reason: string,
  ) {
    super(`output folder ${folder} ${reason}`);
  }
}
