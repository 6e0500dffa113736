import { realpath } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";
import { phrase } from "@lathe/files";
import { RecipeError } from "../recipe-error.js";

/**
 * Makes sure that replacing an output deletes nothing that the new one is made from.
 * @param reads files and folders that are read
 * @throws RecipeError
 */
export async function checkReadsStay(output: string, reads: readonly string[]): Promise<void> {
  const folder = await realpath(output).catch(() => null);
  if (folder === null) return;
  for (const read of reads) {
    const place = await realpath(read).catch(() => null);
    const path = place === null ? ".." : relative(folder, place);
    if (!path.startsWith("..") && !isAbsolute(path)) {
      const sentence = phrase`${output}: overwriting it would delete ${read}, which the new run reads`;
      throw new RecipeError([{ field: "output", sentence }]);
    }
  }
}
