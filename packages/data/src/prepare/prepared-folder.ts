import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, isAbsolute } from "node:path";
import { OutputFolderError } from "./output-folder-error.js";
import { parseJson } from "../read/safe-json.js";

/** Marks the manifest of a folder that prepare wrote. */
export const MANIFEST_FORMAT = "lathe-prepared-data";

/** Name of the manifest within a prepared folder. */
export const MANIFEST_FILE = "manifest.json";

/**
 * Checks that a folder may be written or, with `overwrite`, replaced. Only a folder that holds a manifest of prepare and nothing but
 * the files this names is ever replaced.
 *
 * @param inputs files that are read; none may lie in a folder that is replaced
 * @throws OutputFolderError when the folder must be left alone
 */
export async function checkOutputFolder(
  folder: string,
  inputs: readonly string[],
  overwrite: boolean,
): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    if (code === "ENOTDIR") throw new OutputFolderError(folder, "is a file; name a folder");
    throw error;
  }
  if (names.length === 0) return;
  if (!overwrite)
    throw new OutputFolderError(folder, "exists and is not empty; name another one or allow overwriting");
  const written = await writtenFiles(folder);
  if (written === undefined) {
    throw new OutputFolderError(
      folder,
      `was not made by prepare (no ${MANIFEST_FILE} of its own in it) and is not overwritten`,
    );
  }
  const foreign = names.filter((name) => !written.includes(name));
  if (foreign.length > 0) {
    const shown = foreign.slice(0, 3).join(", ");
    throw new OutputFolderError(
      folder,
      `also holds files that prepare did not write (${shown}) and is not overwritten`,
    );
  }
  const real = await realpath(folder);
  for (const input of inputs) {
    const path = relative(real, await realpath(input));
    if (!path.startsWith("..") && !isAbsolute(path)) {
      throw new OutputFolderError(folder, `holds the input ${input}, which overwriting would delete`);
    }
  }
}

/** Names of the files of a prepared folder, or undefined when the folder is not one. */
async function writtenFiles(folder: string): Promise<string[] | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST_FILE), "utf8");
  } catch {
    return undefined;
  }
  const parsed = parseJson(text);
  if ("error" in parsed || typeof parsed.value !== "object" || parsed.value === null) return undefined;
  const { format, outputs } = parsed.value as { format?: unknown; outputs?: unknown };
  if (format !== MANIFEST_FORMAT || typeof outputs !== "object" || outputs === null) return undefined;
  return [MANIFEST_FILE, ...Object.keys(outputs)];
}

/**
 * Runs `write` on a new folder beside the one wanted and puts it in that one's place when it has succeeded. On any failure the
 * new folder is removed, along with parents created for it, and the old one stays as it was.
 */
export async function writeFolderBeside<Result>(
  folder: string,
  write: (temporary: string) => Promise<Result>,
): Promise<Result> {
  const target = resolve(folder);
  const parent = dirname(target);
  const firstCreated = await mkdir(parent, { recursive: true });
  const temporary = join(parent, `.${basename(target)}-${randomUUID()}`);
  try {
    await mkdir(temporary); // mkdtemp would keep others of the group out of the finished folder
    const result = await write(temporary);
    await replaceFolder(target, temporary);
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (firstCreated !== undefined) await removeEmptyFolders(parent, firstCreated);
    throw error;
  }
}

async function replaceFolder(target: string, replacement: string): Promise<void> {
  const exists = await stat(target).then(
    () => true,
    () => false,
  );
  if (!exists) return rename(replacement, target);
  const old = `${replacement}-old`;
  await rename(target, old);
  try {
    await rename(replacement, target);
  } catch (error) {
    await rename(old, target);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

async function removeEmptyFolders(from: string, upTo: string): Promise<void> {
  for (let folder = from; ; folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      return; // not empty: someone else uses it by now
    }
    if (folder === upTo || dirname(folder) === folder) return;
  }
}
