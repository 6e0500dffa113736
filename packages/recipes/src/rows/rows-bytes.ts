import { stat } from "node:fs/promises";
import { asFileError } from "@lathe/files";
import { rowFiles, type RowsUse } from "./row-files.js";

/**
 * Bytes of the files of rows together.
 * @throws FileError as {@link rowFiles} does, and for a file that is not there
 */
export async function rowsBytes(input: string, use: RowsUse): Promise<number> {
  let bytes = 0;
  for (const file of await rowFiles(input, use)) {
    const { size } = await stat(file).catch((error: unknown) => {
      throw asFileError(file, "read", error);
    });
    bytes += size;
  }
  return bytes;
}
