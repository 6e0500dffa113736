import { WeightsError } from "../errors.js";

/** What the native kernels throw where a mapped file cannot be read any more. */
const CODE = "ERR_LATHE_MAPPED_FILE";

/** The named form of an error of the native kernels about a mapped file that was cut, or whose disk fails; null where it is about none. */
export function mappedFileFault(error: unknown): WeightsError | null {
  if (!(error instanceof Error) || !("code" in error) || error.code !== CODE || !("path" in error))
    return null;
  return new WeightsError({
    path: String(error.path),
    expected: "the file that was opened",
    actual: "one that was cut meanwhile, or that cannot be read any more",
    remedy:
      "put the whole file there again, or look at what the system says of its disk; then go on from the last checkpoint",
    cause: error,
  });
}
