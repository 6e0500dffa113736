const inputError: unique symbol = Symbol.for("@lathe/input-error") as never;

/**
 * An error that the user's input caused: a file, a row or an option. The marker is a registered symbol, so
 * that it is recognised across two copies of a package; the command line ends with exit code 2 for it.
 */
export class InputError extends Error {
  readonly [inputError] = true;
  override readonly name: string = "InputError";
}
