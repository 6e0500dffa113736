import { realpath } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";
import { RunFolder } from "@lathe/train";
import { RecipeError, sentenceOf } from "../recipe-error.js";

/**
 * Makes sure that a new run can be written, and that replacing an old one deletes nothing that the new one reads.
 * @param reads files and folders that the new run reads
 * @throws RunFolderError, RecipeError
 */
export async function checkOutput(
  output: string,
  overwrite: boolean,
  reads: readonly string[],
): Promise<void> {
  await RunFolder.checkFree(output, { overwrite });
  const folder = await realpath(output).catch(() => null);
  if (!overwrite || folder === null) return;
  for (const read of reads) {
    const place = await realpath(read).catch(() => null);
    const path = place === null ? ".." : relative(folder, place);
    if (!path.startsWith("..") && !isAbsolute(path)) {
      const sentence = sentenceOf`${output}: overwriting it would delete ${read}, which the new run reads`;
      throw new RecipeError([{ field: "output", sentence }]);
    }
  }
}
