import { isInputError } from "@lathe/files";

/** Exit code of success. */
export const EXIT_DONE = 0;
/** Exit code of a failure that is nobody's input. */
export const EXIT_FAILED = 1;
/** Exit code of what the user can mend: the command line, a file, a path. */
export const EXIT_USAGE = 2;
/** Exit code after an interrupt, as shells give it to SIGINT. */
export const EXIT_INTERRUPTED = 130;

/** Faults of paths that the user named: the file system's own errors of these kinds are theirs to mend. */
const pathFaults: readonly string[] = ["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EPERM", "EEXIST", "EROFS"];

/** The exit code that an error ends the command with. */
export function exitCodeOf(error: unknown, aborted: boolean): number {
  if (!(error instanceof Error)) return EXIT_FAILED;
  if (aborted && error.name === "AbortError") return EXIT_INTERRUPTED;
  if (isInputError(error)) return EXIT_USAGE;
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== undefined && path !== undefined && pathFaults.includes(code)) return EXIT_USAGE;
  return EXIT_FAILED;
}

/** An error as `--json` shows it: name, message and the fields that say what was wrong where. */
export function errorJson(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const fields = Object.entries(error).filter(
    ([key, value]) => key !== "name" && key !== "cause" && isPlain(value, 3),
  );
  return { name: error.name, message: error.message, ...Object.fromEntries(fields) };
}

function isPlain(value: unknown, depth: number): boolean {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return true;
  if (depth === 0 || typeof value !== "object") return false;
  if (Array.isArray(value)) return value.every((part) => isPlain(part, depth - 1));
  return (
    Object.getPrototypeOf(value) === Object.prototype &&
    Object.values(value).every((part) => isPlain(part, depth - 1))
  );
}
