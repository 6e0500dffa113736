import { SpokenError } from "./spoken-error.js";

const mark: unique symbol = Symbol.for("@lathe/input-error") as never;

/**
 * An error that the user's input caused: a file, a path, an option. All such errors of Lathe's packages extend it, and the
 * command line ends with exit code 2 for them. The mark is a registered symbol, so that {@link isInputError} knows the
 * errors of another copy of the package too.
 */
export class InputError extends SpokenError {
  readonly [mark] = true;
  override readonly name: string = "InputError";
}

/** Whether an error was caused by the user's input: an {@link InputError}, also one of another copy of the package. */
export function isInputError(error: unknown): error is InputError {
  return error instanceof Error && (error as { [mark]?: unknown })[mark] === true;
}
