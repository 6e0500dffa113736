import { createHash } from "node:crypto";
import { hashFile } from "@lathe/files";
import { rowFiles, type RowsUse } from "./row-files.js";
import type { RowsInput } from "./rows-input.js";

/**
 * SHA-256 of rows, in hexadecimal: of one file its own, of several that of their hashes in their order.
 * @returns null for rows in memory
 * @throws FileError as {@link rowFiles} does
 */
export async function rowsHash(input: RowsInput | undefined, use: RowsUse): Promise<string | null> {
  if (typeof input !== "string") return null;
  const hashes: string[] = [];
  for (const file of await rowFiles(input, use)) hashes.push((await hashFile(file)).sha256);
  return hashes.length === 1 ? hashes[0] : createHash("sha256").update(hashes.join("\n")).digest("hex");
}
