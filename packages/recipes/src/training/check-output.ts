import { RunFolder } from "@lathe/train";
import { checkReadsStay } from "./check-reads-stay.js";

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
  if (overwrite) await checkReadsStay(output, reads);
}
