import { phrase } from "../errors/phrase.js";
import { mkdir, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FileError } from "../errors/file-error.js";
import { asFileError } from "../errors/system-fault.js";
import { temporaryName } from "./temporary-name.js";

/**
 * Refuses a place at which nothing can be written, before the work whose outcome should go there: makes and removes an
 * empty folder where the first file or folder would be made. What exists and is neither file nor folder is not judged.
 *
 * @param place file or folder to write; it and folders above it may be missing
 * @throws FileError that names the place
 */
export async function checkWritable(place: string): Promise<void> {
  let folder = resolve(place);
  for (;;) {
    const found = await stat(folder).catch(() => null);
    if (found?.isDirectory()) break;
    if (found !== null && folder !== resolve(place)) {
      throw new FileError(place, phrase`cannot be made: ${folder} is a file`);
    }
    if (found !== null && !found.isFile()) return;
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  const probe = temporaryName(join(folder, "probe"), "new");
  try {
    await mkdir(probe);
    await rmdir(probe);
  } catch (error) {
    throw asFileError(place, "written", error);
  }
}
