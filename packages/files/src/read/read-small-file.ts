import { phrase } from "../errors/phrase.js";
import { phraseOfError } from "../errors/phrase-of-error.js";
import type { Stats } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { fileFaults, type MakeFault } from "./make-fault.js";

/**
 * What the file system says of a path, or null when nothing is there.
 * @throws what `makeFault` makes when it cannot be told, for instance for lack of permission
 */
export async function statIfThere(
  path: string,
  makeFault: MakeFault = fileFaults(path),
): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : null;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw makeFault("a readable file", phraseOfError(cause), cause);
  }
}

/**
 * A whole file of bounded size, or null when there is none.
 * @param limit largest size that is read, in bytes
 * @throws what `makeFault` makes when the file is too large or cannot be read
 */
export async function readSmallFile(
  path: string,
  limit: number,
  makeFault: MakeFault = fileFaults(path),
): Promise<Buffer | null> {
  const found = await statIfThere(path, makeFault);
  if (found === null) return null;
  if (!found.isFile()) throw makeFault("a file", "something that is not a file");
  if (found.size > limit)
    throw makeFault(phrase`a file of at most ${limit} bytes`, phrase`${found.size} bytes`);
  try {
    return await readFile(path);
  } catch (cause) {
    throw makeFault("a readable file", phraseOfError(cause), cause);
  }
}
