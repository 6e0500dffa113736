import { lstat, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { asFileError } from "../errors/system-fault.js";
import { clearDeadClaims, isLockName } from "../lock/lock.js";
import { isAlive } from "../lock/process-identity.js";
import { syncFolder } from "./sync.js";
import { parseTemporaryName } from "./temporary-name.js";

/** Whether an entry of a folder is one that writing leaves beside a place on the way: a temporary name or a lock. */
export function isOnTheWay(entry: string): boolean {
  return parseTemporaryName(entry) !== null || isLockName(entry);
}

/** What {@link sweepLeftovers} leaves alone. */
export interface SweepLeftoversOptions {
  /** Whether what other users have left stays, as in a folder for temporary files that all of them share. @defaultValue false */
  readonly ownOnly?: boolean | undefined;
}

/**
 * Clears what killed processes left in a folder. What lay aside while its place was empty is put back; what was half
 * written or half removed, and what a finished replacement no longer needs, is removed. Entries of living processes and of other machines
 * stay, and so does everything with any other name. A folder that is not there has no leftovers.
 *
 * @throws FileError when something can neither be put back nor removed
 */
export async function sweepLeftovers(
  folder: string,
  { ownOnly = false }: SweepLeftoversOptions = {},
): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  let isChanged = false;
  for (const entry of entries) {
    if (isLockName(entry)) await clearDeadClaims(join(folder, entry));
    const found = parseTemporaryName(entry);
    if (!found || isAlive(found.owner)) continue;
    const path = join(folder, entry);
    if (ownOnly && !(await isOwn(path))) continue;
    const place = join(folder, found.place);
    const isLost = found.kind === "old" && (await lstat(place).catch(() => null)) === null;
    isChanged = true;
    try {
      if (isLost) await rename(path, place);
      else await rm(path, { recursive: true, force: true });
    } catch (error) {
      // Another process may have swept it in the meantime.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw asFileError(isLost ? place : path, isLost ? "replaced" : "removed", error);
    }
  }
  if (isChanged) await syncFolder(folder);
}

/** Whether an entry is of this user; where systems have no users all are. */
async function isOwn(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found !== null && (process.getuid === undefined || found.uid === process.getuid());
}

/**
 * Puts back what a killed process moved aside from a place, and clears the rest of what it left there. To be called
 * before a place is looked at that may have been written before.
 */
export async function recoverPlace(place: string): Promise<void> {
  await sweepLeftovers(dirname(resolve(place)));
}
