import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { OutputFolderError } from "./errors.js";

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
  await checkReplaceable(path, overwrite);
  await mkdir(dirname(path), { recursive: true });
  const suffix = randomBytes(6).toString("hex");
  const temporary = `${path}.${suffix}.tmp`;
  await mkdir(temporary);
  try {
    await fill(temporary);
    const files = [...(await readdir(temporary)), MANIFEST].sort();
    const manifest = { writtenBy: WRITER, ...details, files };
    await writeFile(join(temporary, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    // Asked again: a folder may have come, or been added to, in the meantime.
    const previous = await checkReplaceable(path, overwrite);
    if (previous === null) {
      await rename(temporary, path);
      return;
    }
    const aside = `${path}.${suffix}.old`;
    await rename(path, aside);
    await rename(temporary, path).catch(async (error: unknown) => {
      await rename(aside, path);
      throw error;
    });
    for (const file of previous) await unlink(join(aside, file));
    await rmdir(aside);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** @returns files of the folder to replace, or null when there is none @throws OutputFolderError */
export async function checkReplaceable(path: string, overwrite: boolean): Promise<string[] | null> {
  const found = await stat(path).catch(() => null);
  if (found === null) return null;
  const expected = "an output folder that does not exist";
  if (!found.isDirectory()) throw new OutputFolderError(path, expected, "a file", "choose another place");
  const present = await readdir(path);
  if (present.length === 0) return [];
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
  if (foreign === undefined) return present;
  throw new OutputFolderError(
    path,
    "a folder that quantising wrote and nobody added to, as only that is replaced",
    foreign === null ? `one without ${MANIFEST}` : `one that also holds ${JSON.stringify(foreign)}`,
    "move it away or choose another place",
  );
}

async function manifestFiles(path: string): Promise<string[] | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile() || found.size > MANIFEST_BYTES_LIMIT) return null;
  try {
    const manifest = JSON.parse(await readFile(path, "utf8")) as {
      writtenBy?: unknown;
      files?: unknown;
    } | null;
    if (manifest?.writtenBy !== WRITER || !Array.isArray(manifest.files)) return null;
    return manifest.files.filter((file) => typeof file === "string");
  } catch {
    return null;
  }
}
