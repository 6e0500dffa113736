import { FileError, readJsonFile, phrase } from "@lathe/files";
import { parseTools } from "./parse-tools.js";
import { RowError } from "./row-error.js";
import type { Tools } from "./row.js";

/** Bytes of the largest file of tools that is read; descriptions of a hundred tools take some hundred kilobytes. */
const MAXIMUM_TOOLS_BYTES = 16 * 1024 * 1024;

/**
 * Reads a JSON file with the list of tools that a conversation may call, in the form that the `tools` of a row have.
 *
 * @throws FileError when the file cannot be read or holds something else
 */
export async function readTools(file: string): Promise<Tools> {
  const value = await readJsonFile(file, { limit: MAXIMUM_TOOLS_BYTES });
  try {
    return parseTools(value);
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    throw new FileError(file, phrase`holds no tools: ${error.reasonPhrase}`, { cause: error });
  }
}
