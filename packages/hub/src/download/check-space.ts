import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";

/** Room on the disk that is left to others. */
const SPARE_BYTES = 64e6;

/** Tells the free bytes of a folder's disk. */
export type FreeBytes = (folder: string) => Promise<number>;

/**
 * Refuses to begin what the disk has no room for.
 *
 * @param missing bytes that are to come
 * @param fault the sentence for what is wanted and what is there
 * @throws HubError of fault `space`
 */
export async function checkSpace(
  folder: string,
  missing: number,
  fault: (wanted: string, there: string) => Phrase,
  freeBytes: FreeBytes = freeBytesOf,
): Promise<void> {
  const free = await freeBytes(folder);
  if (missing === 0 || missing + SPARE_BYTES <= free) return;
  const [wanted, there] = [missing + SPARE_BYTES, free].map((bytes) => `${(bytes / 1e9).toFixed(2)} GB`);
  throw new HubError("space", fault(wanted, there));
}

/** Of a folder that is not there yet, those of the one that it will be in. */
async function freeBytesOf(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const above = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || above === folder) throw error;
    return await freeBytesOf(above);
  }
}
