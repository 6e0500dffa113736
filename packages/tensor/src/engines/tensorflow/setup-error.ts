const inputError: unique symbol = Symbol.for("@lathe/input-error") as never;

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
export class TensorFlowSetupError extends Error {
  override readonly name = "TensorFlowSetupError";
  readonly [inputError] = true;

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
