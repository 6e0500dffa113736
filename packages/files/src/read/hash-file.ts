import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { asFileError } from "../errors/system-fault.js";

/** Length and digest of a file. */
export interface HashedFile {
  readonly bytes: number;
  /** Of the whole file, as hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Length and SHA-256 of a file, which is streamed.
 * @throws FileError when it cannot be read; the signal's reason when it aborts
 */
export async function hashFile(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<HashedFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw asFileError(path, "read", error);
  }
  return { bytes, sha256: hash.digest("hex") };
}
