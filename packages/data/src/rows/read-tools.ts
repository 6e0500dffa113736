import { readFile, stat } from "node:fs/promises";
import { InputFileError } from "../read/input-file-error.js";
import { asFileError } from "../read/read-lines.js";
import { parseTools } from "./parse-tools.js";
import { RowError } from "./row-error.js";
import type { Tools } from "./row.js";

/** Bytes of the largest file of tools that is read; descriptions of a hundred tools take some hundred kilobytes. */
const MAXIMUM_TOOLS_BYTES = 16 * 1024 * 1024;

/**
 * Reads a JSON file with the list of tools that a conversation may call, in the form that the `tools` of a row have.
 *
 * @throws InputFileError when the file cannot be read or holds something else
 */
export async function readTools(file: string): Promise<Tools> {
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > MAXIMUM_TOOLS_BYTES) {
      throw new InputFileError(file, `has ${size} bytes, more than the limit of ${MAXIMUM_TOOLS_BYTES}`);
    }
    text = await readFile(file, "utf8");
  } catch (error) {
    throw asFileError(file, error);
  }
  try {
    return parseTools(text.replace(/^\ufeff/, ""));
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    throw new InputFileError(file, `holds no tools: ${error.reason}`, { cause: error });
  }
}
