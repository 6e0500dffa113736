import { lstat, mkdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { FileError } from "../errors/file-error.js";
import { asFileError, isSystemError } from "../errors/system-fault.js";
import { lockBeside, withLock } from "../lock/lock.js";
import { makeFolder } from "./make-folder.js";
import { sweepLeftovers } from "./sweep-leftovers.js";
import { syncFolder, syncTree } from "./sync.js";
import { temporaryName } from "./temporary-name.js";

/** How {@link replaceFolder} goes about it. */
export interface ReplaceFolderOptions {
  /**
   * Asked before the work and once more before the renaming, while no other process of ours can write the place: throws
   * where what is there must stay.
   */
  readonly check?: () => Promise<void>;
}

/**
 * Fills a folder beside its place, brings it to the disk and renames it, so that the place holds all of it or what it held
 * before. What was there is moved aside first and removed last; a process that is killed in between leaves it aside, and
 * the next call in that folder puts it back ({@link sweepLeftovers}). While the work lasts a lock keeps other processes
 * from the same place.
 *
 * @param fill puts the files into the folder it is given
 * @returns what `fill` returns
 * @throws FileError that names the place or the file in it, when the system refuses; LockedError when another process
 * writes the place; what `check` and `fill` throw. Nothing is left behind then, nor any folder made on the way.
 */
export async function replaceFolder<Result>(
  place: string,
  fill: (folder: string) => Promise<Result>,
  { check }: ReplaceFolderOptions = {},
): Promise<Result> {
  const path = resolve(place);
  const parent = dirname(path);
  const firstMade = await makeFolder(parent);
  try {
    return await withLock(lockBeside(path), place, async () => {
      await sweepLeftovers(parent);
      await check?.();
      return await fillAndRename(path, place, fill, check);
    });
  } catch (error) {
    if (firstMade !== null) await removeEmptyFolders(parent, firstMade);
    throw error;
  }
}

async function fillAndRename<Result>(
  path: string,
  shown: string,
  fill: (folder: string) => Promise<Result>,
  check: (() => Promise<void>) | undefined,
): Promise<Result> {
  const temporary = temporaryName(path, "new");
  const aside = temporaryName(path, "old");
  try {
    await mkdir(temporary);
    const result = await fill(temporary);
    await syncTree(temporary);
    await check?.();
    const isReplaced = (await lstat(path).catch(() => null)) !== null;
    if (isReplaced) await rename(path, aside);
    await rename(temporary, path).catch(async (error: unknown) => {
      if (isReplaced) await rename(aside, path);
      throw error;
    });
    await syncFolder(dirname(path));
    // The new folder stands; what cannot be removed now is a leftover for the next call.
    if (isReplaced) await rm(aside, { recursive: true, force: true }).catch(() => undefined);
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw relocated(error, temporary, shown);
  }
}

/** An error of the system as one of the place: nobody but us knows the name of the temporary folder. */
function relocated(error: unknown, temporary: string, place: string): unknown {
  const placed = (path: string): string | null => {
    const inner = relative(temporary, path);
    if (inner === "") return place;
    return inner === ".." || inner.startsWith(`..${sep}`) ? null : join(place, inner);
  };
  if (error instanceof FileError) {
    const path = placed(resolve(error.path));
    return path === null ? error : error.at(path);
  }
  if (!isSystemError(error)) return error;
  const { path, dest } = error as { path?: string; dest?: string };
  const [from, to] = [path, dest].map((given) => (given === undefined ? null : placed(resolve(given))));
  if (to !== null || from !== null || path === undefined) {
    return asFileError(to ?? from ?? place, "written", error);
  }
  return asFileError(path, resolve(path) === resolve(place) ? "replaced" : "read", error);
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
