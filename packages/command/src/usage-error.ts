import { InputError, type Phrase, sayPhrase } from "@lathe/files";

/** The command line or the config file asks for something impossible. */
export class UsageError extends InputError {
  override readonly name = "UsageError";

  /** Each a sentence without its full stop. */
  readonly faults: readonly string[];

  /** @param faults each a sentence without its full stop */
  constructor(
    faults: readonly (string | Phrase)[],
    /** Verb that was called, where there was one. */
    readonly verb: string | null = null,
    options?: ErrorOptions,
  ) {
    super(faults, options);
    this.faults = this.phrases().map((one) => sayPhrase(one));
  }
}
