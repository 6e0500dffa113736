import { realpath } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";
import { UsageError } from "@lathe/command";
import { RunFolder } from "@lathe/train";
import type { TrainVerbOptions } from "./train-options.js";

/**
 * Makes sure that a new run can be written, and that replacing an old one deletes nothing that the new one reads.
 * @throws RunFolderError, UsageError
 */
export async function checkOutput({ output, overwrite, ...options }: TrainVerbOptions): Promise<void> {
  await RunFolder.checkFree(output, { overwrite });
  const folder = await realpath(output).catch(() => null);
  if (!overwrite || folder === null) return;
  for (const key of ["model", "data", "validation", "initAdapter"] as const) {
    const read = options[key] === undefined ? null : await realpath(options[key]).catch(() => null);
    const path = read === null ? ".." : relative(folder, read);
    if (!path.startsWith("..") && !isAbsolute(path)) {
      throw new UsageError(
        [`${output}: overwriting it would delete ${options[key]}, which the new run reads`],
        "train",
      );
    }
  }
}
