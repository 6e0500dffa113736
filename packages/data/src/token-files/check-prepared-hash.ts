import { basename, dirname } from "node:path";
import { hashFile, phrase } from "@lathe/files";
import { MANIFEST_FILE } from "../prepare/manifest-file.js";
import { readManifestOutputs } from "../prepare/read-manifest.js";
import { TokenFileError } from "./token-file-error.js";

/**
 * Compares a file with the hash that the manifest of its prepared folder has of it.
 *
 * @returns whether the file is known to be what prepare wrote; false for a file that no manifest beside it names
 * @throws TokenFileError when the file has changed since
 */
export async function checkPreparedHash(path: string): Promise<boolean> {
  const outputs = await readManifestOutputs(dirname(path));
  if (outputs === null) return false;
  const name = basename(path);
  const entry: unknown = Object.hasOwn(outputs, name) ? outputs[name] : null;
  const expected = (entry as { sha256?: unknown } | null)?.sha256;
  if (typeof expected !== "string") return false;
  const { sha256 } = await hashFile(path);
  if (sha256 === expected) return true;
  throw new TokenFileError(
    path,
    phrase`is not what prepare wrote: ${MANIFEST_FILE} has the hash ${expected.slice(0, 12)}…, the file ${sha256.slice(0, 12)}…; prepare the data again`,
  );
}
