import { chmod, type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FileError } from "../errors/file-error.js";
import { asFileError } from "../errors/system-fault.js";
import { makeFolder } from "./make-folder.js";
import { sweepLeftovers } from "./sweep-leftovers.js";
import { syncFolder } from "./sync.js";
import { temporaryName } from "./temporary-name.js";

/** What a file is to hold, or what writes it into the handle it is given. */
export type FileContents = string | Uint8Array | ((file: FileHandle) => Promise<void>);

/**
 * Writes a file beside its place, brings it to the disk and renames it, so that the place holds the old file or the whole
 * new one at any moment, also after a crash. Missing folders are made, and leftovers of killed processes beside it are
 * cleared. A link is followed and stays; into what is no plain file, such as a pipe, is written as it stands.
 *
 * @throws FileError that names the place, when the system refuses; what `contents` throws. Nothing is left behind then.
 */
export async function replaceFile(path: string, contents: FileContents): Promise<void> {
  const place = await realpath(path).catch(() => resolve(path));
  const found = await stat(place).catch(() => null);
  if (found?.isDirectory()) throw new FileError(path, "is a folder, where a file is to be written");
  try {
    if (found !== null && !found.isFile()) {
      await fillFile(place, "w", contents);
      return;
    }
    await makeFolder(dirname(place));
    await sweepLeftovers(dirname(place));
    const temporary = temporaryName(place, "new");
    try {
      await fillFile(temporary, "wx", contents);
      if (found !== null) await chmod(temporary, found.mode & 0o777);
      await rename(temporary, place);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(place));
  } catch (error) {
    throw asFileError(path, "written", error);
  }
}

async function fillFile(path: string, flags: "w" | "wx", contents: FileContents): Promise<void> {
  const handle = await open(path, flags);
  try {
    if (typeof contents === "function") await contents(handle);
    else await handle.writeFile(contents);
    if (flags === "wx") await handle.sync();
  } finally {
    await handle.close();
  }
}
