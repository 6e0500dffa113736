import { rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { asFileError } from "../errors/system-fault.js";
import { syncFolder } from "./sync.js";
import { temporaryName } from "./temporary-name.js";

/**
 * Removes a folder so that its place holds all of it or nothing at any moment, also after a crash: it is renamed, the new
 * name is brought to the disk, and only then its files go. What cannot be removed then is left for
 * {@link sweepLeftovers}. A place that is free stays so.
 *
 * @throws FileError when the system does not let the folder go; it is whole then
 */
export async function removeFolder(place: string): Promise<void> {
  const path = resolve(place);
  const gone = temporaryName(path, "gone");
  try {
    await rename(path, gone);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw asFileError(place, "removed", error);
  }
  // Before its files, lest a power cut keep the old name and drop some of them.
  await syncFolder(dirname(path));
  await rm(gone, { recursive: true, force: true }).catch(() => undefined);
}
