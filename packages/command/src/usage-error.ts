import { InputError } from "@lathe/files";

/** The command line or the config file asks for something impossible. */
export class UsageError extends InputError {
  override readonly name = "UsageError";

  /** @param faults each a sentence without its full stop */
  constructor(
    readonly faults: readonly string[],
    /** Verb that was called, where there was one. */
    readonly verb: string | null = null,
    options?: ErrorOptions,
  ) {
    super(faults.join("; "), options);
  }
}
