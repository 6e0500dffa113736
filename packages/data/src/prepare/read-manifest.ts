import { join } from "node:path";
import { isInputError, isRecord, readJsonIfThere } from "@lathe/files";
import { MANIFEST_FILE, MANIFEST_FORMAT } from "./manifest-file.js";

/** Largest manifest that is read, in bytes: counts, hashes and a few hundred cut examples. */
const MANIFEST_BYTES_LIMIT = 64 * 1024 * 1024;

/** Files that the manifest of a prepared folder names, with what it says of each; null for any other folder. */
export async function readManifestOutputs(folder: string): Promise<Readonly<Record<string, unknown>> | null> {
  const path = join(folder, MANIFEST_FILE);
  const manifest = await readJsonIfThere(path, { limit: MANIFEST_BYTES_LIMIT }).catch((error: unknown) => {
    if (!isInputError(error)) throw error;
    return null; // another program's file of that name
  });
  if (!isRecord(manifest) || manifest.format !== MANIFEST_FORMAT) return null;
  return isRecord(manifest.outputs) ? manifest.outputs : null;
}
