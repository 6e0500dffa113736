import type { Stats } from "node:fs";
import { readFile, stat } from "node:fs/promises";

/** Makes the caller's own error from what was expected and what was found. */
export type MakeFault = (expected: string, actual: string, cause?: unknown) => Error;

/**
 * What the file system says of a path, or null when nothing is there.
 * @throws what `makeFault` makes when it cannot be told, for instance for lack of permission
 */
export async function statIfThere(path: string, makeFault: MakeFault): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : null;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw makeFault("a readable file", messageOf(cause), cause);
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
  makeFault: MakeFault,
): Promise<Buffer | null> {
  const found = await statIfThere(path, makeFault);
  if (found === null) return null;
  if (!found.isFile()) throw makeFault("a file", "something that is not a file");
  if (found.size > limit) throw makeFault(`a file of at most ${limit} bytes`, `${found.size} bytes`);
  try {
    return await readFile(path);
  } catch (cause) {
    throw makeFault("a readable file", messageOf(cause), cause);
  }
}

/** @throws what `makeFault` makes when the bytes are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array, makeFault: MakeFault): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw makeFault("UTF-8 text", "other bytes", cause);
  }
}

/** @throws what `makeFault` makes when the bytes are not JSON in UTF-8 */
export function parseJson(bytes: Uint8Array, makeFault: MakeFault): unknown {
  const text = decodeUtf8(bytes, makeFault);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw makeFault("JSON", `text that does not parse (${messageOf(cause)})`, cause);
  }
}

/**
 * The value of a JSON file of bounded size.
 * @throws what `makeFault` makes when the file is missing, too large, or not JSON in UTF-8
 */
export async function readJsonFile(path: string, limit: number, makeFault: MakeFault): Promise<unknown> {
  const bytes = await readSmallFile(path, limit, makeFault);
  if (bytes === null) throw makeFault("a JSON file", "no such file");
  return parseJson(bytes, makeFault);
}

/** The message of whatever was thrown. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
