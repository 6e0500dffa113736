import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FileError } from "../errors/file-error.js";
import { asFileError } from "../errors/system-fault.js";
import { syncFolder } from "./sync.js";

/**
 * Makes a folder and those above it that are missing. Node's own recursive `mkdir` never ends where the system says that a
 * parent is missing which is there, as under `/proc`; this one asks for each folder twice at most.
 *
 * @returns the topmost folder that was made, or null where all were there
 * @throws FileError naming the folder that cannot be made
 */
export async function makeFolder(folder: string): Promise<string | null> {
  const path = resolve(folder);
  const parent = dirname(path);
  const first = await tryToMake(path);
  if (first !== "no parent") {
    if (first === "made") await syncFolder(parent);
    return first === "made" ? path : null;
  }
  // A parent that is there now may have been made by another process since.
  const isParentThere = parent === path || (await stat(parent).catch(() => null)) !== null;
  const top = isParentThere ? null : await makeFolder(parent);
  const second = await tryToMake(path);
  if (second === "no parent") throw refusal(path);
  await syncFolder(parent);
  return top ?? (second === "made" ? path : null);
}

async function tryToMake(path: string): Promise<"made" | "there" | "no parent"> {
  try {
    await mkdir(path);
    return "made";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return "no parent";
    // Some systems answer EPERM, EISDIR or EROFS for a folder that is there, such as the root.
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory()) return "there";
    if (found !== null) throw new FileError(path, "is a file, where a folder is wanted", { cause: error });
    if (code === "EEXIST") throw new FileError(path, "is a link that leads nowhere", { cause: error });
    throw asFileError(path, "made", error);
  }
}

function refusal(path: string): FileError {
  return new FileError(path, "cannot be made: the system takes no folder there");
}
