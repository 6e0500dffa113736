import { InputError, isInputError as isMarked } from "@lathe/files";

/** What the user asked for cannot be done as it stands. */
export class UsageError extends InputError {
  override readonly name = "UsageError";
}

/** Whether an error is the user's to mend, by whichever package it was thrown. */
export function isInputError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (isMarked(error)) return true;
  const { code, path } = error as NodeJS.ErrnoException;
  return path !== undefined && ["ENOENT", "ENOTDIR", "EISDIR", "EACCES"].includes(code ?? "");
}
