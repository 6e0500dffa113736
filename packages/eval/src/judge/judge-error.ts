import { InputError, type Phrase } from "@lathe/files";

/** A judge gave no answers that can be used, as one sentence. It never holds the key. */
export class JudgeError extends InputError {
  override readonly name = "JudgeError";

  constructor(
    sentence: Phrase,
    /** What the endpoint answered last; null where it was not reached. */
    readonly status: number | null,
    options?: ErrorOptions,
  ) {
    super(sentence, options);
  }
}
