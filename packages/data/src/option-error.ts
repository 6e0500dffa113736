import { ExpectationError, field, type Phrase, phrase } from "@lathe/files";

/** An option has a value it cannot have. */
export class OptionError extends ExpectationError {
  override readonly name = "OptionError";
  /**
   * @param option path of the option, e.g. "split" or "cleaning.maximumCharacters"
   * @param expected what the option may be
   * @param actual what came
   */
  constructor(
    readonly option: string,
    expected: string | Phrase,
    readonly actual: unknown,
  ) {
    super(phrase`option ${field(option)}`, expected, describe(actual));
  }
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return String(value);
}

/** Checks that an option is a whole number within bounds and returns it; throws {@link OptionError}. */
export function checkInteger(
  option: string,
  value: unknown,
  minimum: number,
  maximum = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < minimum || value > maximum) {
    const bound =
      maximum === Number.MAX_SAFE_INTEGER
        ? phrase`of at least ${minimum}`
        : phrase`from ${minimum} to ${maximum}`;
    throw new OptionError(option, phrase`a whole number ${bound}`, value);
  }
  return value;
}

/** Checks that an option is a share that is more than nothing and returns it; throws {@link OptionError}. */
export function checkShare(option: string, value: unknown): number {
  if (typeof value !== "number" || !(value > 0 && value <= 1)) {
    throw new OptionError(option, "a number above 0 and up to 1", value);
  }
  return value;
}
