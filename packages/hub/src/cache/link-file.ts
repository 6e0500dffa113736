import { copyFile, lstat, readlink, rm, symlink } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { asFileError, makeFolder } from "@lathe/files";

/** Shows a blob under the name that it has in a snapshot: by a link, or by a copy where the system has none. @throws FileError */
export async function linkFile(blob: string, place: string): Promise<void> {
  const target = relative(dirname(place), blob);
  const found = await lstat(place).catch(() => null);
  if (found?.isSymbolicLink() && (await readlink(place)) === target) return;
  try {
    await makeFolder(dirname(place));
    await rm(place, { force: true });
    await symlink(target, place).catch(async (error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      // Another process has just made it.
      if (code === "EEXIST") return;
      if (code !== "EPERM" && code !== "ENOSYS" && code !== "ENOTSUP") throw error;
      await copyFile(blob, place);
    });
  } catch (error) {
    throw asFileError(place, "written", error);
  }
}
