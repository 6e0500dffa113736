import { asPhrase } from "@lathe/files";
import type { Collective } from "./collective.js";
import { CollectiveError } from "./collective-error.js";

/**
 * Gives all ranks the bytes of one, whose number the others do not know.
 * @param bytes those of the root; what others give is not looked at
 * @param root whose they are @defaultValue 0
 * @returns the root's bytes, on every rank
 * @throws CollectiveError where the root gives none
 */
export async function broadcastBytes(
  collective: Collective,
  bytes: Uint8Array | null,
  root = 0,
): Promise<Uint8Array> {
  const isRoot = collective.rank === root;
  if (isRoot && bytes === null) {
    throw new CollectiveError("arguments", asPhrase("expected bytes of the rank that sends them, got none"));
  }
  // A number of 64 bits: files may be longer than 32 bits can say.
  const length = Float64Array.of(isRoot ? bytes!.length : 0);
  await collective.broadcast(length, root);
  // What files are read into is a kind of its own, and all ranks give the same kind.
  const values = isRoot
    ? new Uint8Array(bytes!.buffer, bytes!.byteOffset, bytes!.length)
    : new Uint8Array(length[0]);
  if (length[0] > 0) await collective.broadcast(values, root);
  return values;
}
