import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** Folders that this process is filling right now. */
const inWork = new Set<string>();

const ON_THE_WAY = /^(.+)\.(partial|old)-(\d+)$/;

/** Paths of all files below a folder, relative to it, with `/`, sorted. */
export async function filesBelow(folder: string, prefix = ""): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const nested = await Promise.all(
    entries.map(async (entry) =>
      entry.isDirectory() ? await filesBelow(folder, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
    ),
  );
  return nested.flat().sort();
}

/** Brings a file's contents to the disk. */
export async function syncFile(path: string): Promise<void> {
  // Windows syncs only what is open for writing.
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Errors of platforms and file systems on which a folder cannot be opened or synced. */
const unsyncable: readonly (string | undefined)[] = ["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP"];

/** Brings a folder's list of names to the disk, where the platform can. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!unsyncable.includes((error as NodeJS.ErrnoException).code)) throw error;
  }
}

/**
 * Fills a folder beside its place and renames it there, so that the place holds all of it or what it held before. What
 * was there is moved aside first, and back if the renaming fails.
 * @throws what `fill` throws; nothing is left behind then
 */
export async function writeFolder(place: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const path = resolve(place);
  const beside = `${path}.partial-${process.pid}`;
  const aside = `${path}.old-${process.pid}`;
  inWork.add(beside).add(aside);
  try {
    await rm(beside, { recursive: true, force: true });
    await mkdir(beside, { recursive: true });
    await fill(beside);
    const files = await filesBelow(beside);
    for (const file of files) await syncFile(join(beside, file));
    for (const folder of new Set(files.map((file) => dirname(file)))) await syncFolder(join(beside, folder));
    await syncFolder(beside);
    const isReplaced = (await stat(path).catch(() => null)) !== null;
    if (isReplaced) {
      await rm(aside, { recursive: true, force: true });
      await rename(path, aside);
    }
    await rename(beside, path).catch(async (error: unknown) => {
      if (isReplaced) await rename(aside, path);
      throw error;
    });
    await syncFolder(dirname(path));
    if (isReplaced) await rm(aside, { recursive: true, force: true });
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  } finally {
    inWork.delete(beside);
    inWork.delete(aside);
  }
}

/** Whether {@link writeFolder} makes an entry of this name on the way to a place of such a name. */
export function isOnTheWay(entry: string, place: RegExp): boolean {
  const found = ON_THE_WAY.exec(entry);
  return found !== null && place.test(found[1]);
}

/**
 * Clears what killed processes left of {@link writeFolder} in a folder; a place whose old contents lay aside gets them
 * back.
 * @param places names of the places; everything else stays
 */
export async function clearLeftovers(folder: string, places: RegExp): Promise<void> {
  for (const entry of await readdir(folder)) {
    const found = ON_THE_WAY.exec(entry);
    const path = resolve(folder, entry);
    if (!found || !places.test(found[1]) || inWork.has(path) || isOfAnother(Number(found[3]))) continue;
    const place = join(folder, found[1]);
    const isLost = found[2] === "old" && (await stat(place).catch(() => null)) === null;
    if (isLost) await rename(path, place);
    else await rm(path, { recursive: true, force: true });
  }
}

/** Whether another process of that number is alive, so that what it writes is not to be touched. */
function isOfAnother(number: number): boolean {
  if (number === process.pid) return false;
  try {
    process.kill(number, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
