import { asPhrase, InputError, type Phrase, sayPhrase } from "@lathe/files";

/** The command line or the config file asks for something impossible. */
export class UsageError extends InputError {
  override readonly name = "UsageError";

  /** Each a sentence without its full stop. */
  readonly faults: readonly string[];
  readonly #phrases: readonly Phrase[];

  /** @param faults each a sentence without its full stop */
  constructor(
    faults: readonly (string | Phrase)[],
    /** Verb that was called, where there was one. */
    readonly verb: string | null = null,
    options?: ErrorOptions,
  ) {
    const phrases = faults.map(asPhrase);
    const said = phrases.map((one) => sayPhrase(one));
    super(said.join("; "), options);
    this.faults = said;
    this.#phrases = phrases;
  }

  override phrases(): readonly Phrase[] {
    return this.#phrases;
  }
}
