import { ExpectationError, type Phrase } from "@lathe/files";

/** An option of generation has a value it cannot have. */
export class SamplingError extends ExpectationError {
  override readonly name = "SamplingError";

  constructor(
    /** The option, such as `temperature` or `maxNewTokens`. */
    readonly option: string,
    expected: string | Phrase,
    readonly actual: unknown,
  ) {
    super(option, expected, String(actual));
  }
}
