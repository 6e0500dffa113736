import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { asFileError } from "./read-lines.js";

/** Length and SHA-256, as hexadecimal digits, of a file that is streamed through; throws InputFileError when it cannot be opened. */
export async function hashFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    throw asFileError(path, error);
  }
  return { bytes, sha256: hash.digest("hex") };
}
