const inputError: unique symbol = Symbol.for("@lathe/input-error") as never;

/** What the user asked for cannot be done as it stands. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly [inputError] = true;
}

/** Whether an error is the user's to mend, by whichever package it was thrown. */
export function isInputError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if ((error as { [inputError]?: unknown })[inputError] === true) return true;
  const { code, path } = error as NodeJS.ErrnoException;
  return path !== undefined && ["ENOENT", "ENOTDIR", "EISDIR", "EACCES"].includes(code ?? "");
}
