import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  isInputError,
  isRecord,
  OutputFolderError,
  readJsonIfThere,
  replaceFile,
  replaceFolder,
  phrase,
} from "@lathe/files";

/** What a folder of ours says of itself; a folder without it, or with other files beside, is never replaced. */
const MANIFEST = "quantization-manifest.json";
const WRITER = "@lathe/quant";

/** Largest manifest that is read, in bytes; it lists a few dozen names. */
const MANIFEST_BYTES_LIMIT = 1_000_000;

/**
 * Writes a folder beside its place and renames it, so that `output` is absent or whole at any moment.
 *
 * @param overwrite replaces a folder that this function wrote and nobody added to
 * @param fill puts the files into the folder it is given
 * @throws OutputFolderError when there is something at `output` that must not be replaced; nothing is written then
 */
export async function writeFolder(
  output: string,
  overwrite: boolean,
  details: Readonly<Record<string, unknown>>,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const path = resolve(output);
  const fillWithManifest = async (folder: string): Promise<void> => {
    await fill(folder);
    const files = [...(await readdir(folder)), MANIFEST].sort();
    const manifest = { writtenBy: WRITER, ...details, files };
    await replaceFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  };
  await replaceFolder(path, fillWithManifest, { check: () => checkReplaceable(path, overwrite) });
}

/** Refuses a place whose contents must stay. @throws OutputFolderError */
export async function checkReplaceable(path: string, overwrite: boolean): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null) return;
  const expected = "an output folder that does not exist";
  if (!found.isDirectory()) throw new OutputFolderError(path, expected, "a file", "choose another place");
  const present = await readdir(path);
  if (present.length === 0) return;
  if (!overwrite) {
    throw new OutputFolderError(
      path,
      expected,
      "one with files in it",
      "choose another place or allow overwriting",
    );
  }
  const own = await manifestFiles(join(path, MANIFEST));
  const foreign = own === null ? null : present.find((file) => !own.includes(file));
  if (foreign === undefined) return;
  throw new OutputFolderError(
    path,
    "a folder that quantising wrote and nobody added to, as only that is replaced",
    foreign === null
      ? phrase`one without ${MANIFEST}`
      : phrase`one that also holds ${JSON.stringify(foreign)}`,
    "move it away or choose another place",
  );
}

/** Whether a folder stands as a call wrote it that said of itself what `details` say, with all its files. */
export async function isWritten(path: string, details: Readonly<Record<string, unknown>>): Promise<boolean> {
  const manifest = await readManifest(join(path, MANIFEST));
  if (manifest === null || Object.entries(details).some(([key, value]) => manifest[key] !== value))
    return false;
  const present = await readdir(path);
  return manifest.files.every((file) => present.includes(file));
}

/** Files that a manifest of ours names, or null where there is no such manifest. */
async function manifestFiles(path: string): Promise<string[] | null> {
  return (await readManifest(path))?.files ?? null;
}

async function readManifest(
  path: string,
): Promise<(Readonly<Record<string, unknown>> & { readonly files: string[] }) | null> {
  const manifest = await readJsonIfThere(path, { limit: MANIFEST_BYTES_LIMIT }).catch((error: unknown) => {
    if (!isInputError(error)) throw error;
    return null;
  });
  if (!isRecord(manifest) || manifest["writtenBy"] !== WRITER || !Array.isArray(manifest["files"]))
    return null;
  return { ...manifest, files: manifest["files"].filter((file) => typeof file === "string") };
}
