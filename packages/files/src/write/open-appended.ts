import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "./make-folder.js";

const LINE_FEED = 0x0a;
const TAIL_BYTES = 64 * 1024;

/**
 * Opens a file of lines to append to and to read, and makes it and its folder where they are missing. A last line without
 * an end, as a killed process leaves it, is taken off. The caller closes it.
 *
 * @throws FileError where the folder cannot be made; the system's error where the file cannot be opened
 */
export async function openAppended(path: string): Promise<FileHandle> {
  await makeFolder(dirname(path));
  const handle = await open(path, "a+");
  try {
    await takeOffTornLine(handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Cuts a file after its last line end. */
async function takeOffTornLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const buffer = Buffer.alloc(TAIL_BYTES);
  for (let end = size; end > 0; end -= TAIL_BYTES) {
    const start = Math.max(0, end - TAIL_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, end - start, start);
    const place = buffer.subarray(0, bytesRead).lastIndexOf(LINE_FEED);
    if (place < 0) continue;
    if (start + place + 1 < size) await handle.truncate(start + place + 1);
    return;
  }
  if (size > 0) await handle.truncate(0);
}
