import { InputError } from "@lathe/files";

/** An option of generation has a value it cannot have. */
export class SamplingError extends InputError {
  override readonly name = "SamplingError";

  constructor(
    /** The option, such as `temperature` or `maxNewTokens`. */
    readonly option: string,
    readonly expected: string,
    readonly actual: unknown,
  ) {
    super(`${option}: expected ${expected}, got ${String(actual)}`);
  }
}
