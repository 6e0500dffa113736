import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { asFileError } from "@lathe/files";
import type { FileHash } from "../hubs/hub.js";

/** Whether a file holds what a hub says; a file without a hash does if it is as long. @throws FileError when it cannot be read */
export async function holds(
  path: string,
  { bytes, hash }: { readonly bytes: number; readonly hash: FileHash | null },
): Promise<boolean> {
  try {
    if ((await stat(path)).size !== bytes) return false;
    if (hash === null) return true;
    const digest = createHash(hash.kind === "git" ? "sha1" : "sha256");
    if (hash.kind === "git") digest.update(`blob ${bytes}\0`);
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) digest.update(chunk);
    return digest.digest("hex") === hash.digits;
  } catch (error) {
    throw asFileError(path, "read", error);
  }
}
