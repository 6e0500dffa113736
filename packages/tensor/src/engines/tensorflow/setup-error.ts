import { InputError } from "@lathe/files";

/** What a set-up of TensorFlow lacks. */
export type MissingPart =
  | "platform"
  | "package"
  | "compiler"
  | "library"
  | "version"
  | "headers"
  | "cuda libraries"
  | "driver"
  | "card"
  | "memory"
  | "products";

/** The engine on TensorFlow cannot be set up: what is missing and how to get it. */
export class TensorFlowSetupError extends InputError {
  override readonly name = "TensorFlowSetupError";

  constructor(
    readonly missing: MissingPart,
    /** What was found, in a clause. */
    readonly found: string,
    /** What to do about it. */
    readonly remedy: string,
    /** Output of the compiler or the loader, where there is some. */
    readonly details: string | null = null,
  ) {
    super(`${found}; ${remedy}${details === null ? "" : `\n${details}`}`);
  }
}
