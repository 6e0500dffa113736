import { ExpectationError, type Phrase, sayPhrase } from "@lathe/files";

/** A setting of a federation that is out of range, or that gives no guarantee beside another. */
export class FederationSettingsError extends ExpectationError {
  override readonly name = "FederationSettingsError";
  readonly actual: string;

  constructor(
    /** The setting at fault, by its path: `clipNorm`, `privacy.noiseMultiplier`. */
    readonly key: string,
    expected: string | Phrase,
    actual: string | number | Phrase,
    remedy?: string | Phrase,
  ) {
    const came = typeof actual === "number" ? String(actual) : actual;
    super(key, expected, came, remedy);
    this.actual = sayPhrase(came);
  }
}
