import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MANIFEST_FILE, MANIFEST_FORMAT } from "../prepare/manifest-file.js";
import { hashFile } from "../read/hash-file.js";
import { parseJson } from "../read/safe-json.js";
import { TokenFileError } from "./token-file-error.js";

/**
 * Compares a file with the hash that the manifest of its prepared folder has of it.
 *
 * @returns whether the file is known to be what prepare wrote; false for a file that no manifest beside it names
 * @throws TokenFileError when the file has changed since
 */
export async function checkPreparedHash(path: string): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(join(dirname(path), MANIFEST_FILE), "utf8");
  } catch {
    return false;
  }
  const parsed = parseJson(text);
  if ("error" in parsed || typeof parsed.value !== "object" || parsed.value === null) return false;
  const { format, outputs } = parsed.value as { format?: unknown; outputs?: unknown };
  if (format !== MANIFEST_FORMAT || typeof outputs !== "object" || outputs === null) return false;
  const name = basename(path);
  const entry: unknown = Object.hasOwn(outputs, name) ? (outputs as Record<string, unknown>)[name] : null;
  const expected = (entry as { sha256?: unknown } | null)?.sha256;
  if (typeof expected !== "string") return false;
  const { sha256 } = await hashFile(path);
  if (sha256 === expected) return true;
  throw new TokenFileError(
    path,
    `is not what prepare wrote: ${MANIFEST_FILE} has the hash ${expected.slice(0, 12)}…, the file ${sha256.slice(0, 12)}…; prepare the data again`,
  );
}
