import { InputError, type Phrase, phrase } from "@lathe/files";

/** What an interrupted run left cannot be gone on from, as the inputs or settings are others now. */
export class ResumeError extends InputError {
  override readonly name = "ResumeError";

  constructor(
    /** The folder that was to be written. */
    readonly output: string,
    /** What is not as it was, such as a file or the name of a setting. */
    readonly changed: string | Phrase,
  ) {
    super(
      phrase`${output}: cannot go on from where it was interrupted, as ${changed} has changed since; run it without resuming to begin anew`,
    );
  }
}
