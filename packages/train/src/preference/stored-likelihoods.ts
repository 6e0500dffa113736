import { createHash } from "node:crypto";
import { isRecord, phrase, type Phrase, phraseOfError, readJsonIfThere, replaceFile } from "@lathe/files";

/** Largest file that is read, in bytes: some ten million completions. */
const BYTES_LIMIT = 500_000_000;

const hashOf = (entries: readonly (readonly [string, number])[]): string =>
  createHash("sha256").update(JSON.stringify(entries)).digest("hex");

const isEntry = (entry: unknown): entry is [string, number] =>
  Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "number";

/** What a file keeps of log-likelihoods: all of them, or why none of it can be used. */
export type StoredLikelihoods =
  { readonly entries: readonly [string, number][] } | { readonly fault: Phrase };

/** Writes the entries of `ReferenceLikelihoods` with a hash of them; the file is the old or the new one at any moment. */
export async function writeLikelihoods(
  path: string,
  likelihoods: Iterable<readonly [string, number]>,
): Promise<void> {
  const entries = [...likelihoods];
  await replaceFile(path, `${JSON.stringify({ sha256: hashOf(entries), entries })}\n`);
}

/** Reads what {@link writeLikelihoods} wrote, and holds it to its hash. A file that is not there has no entries. */
export async function readLikelihoods(path: string): Promise<StoredLikelihoods> {
  try {
    const stored = await readJsonIfThere(path, { limit: BYTES_LIMIT });
    if (stored === undefined) return { entries: [] };
    const { sha256, entries } = isRecord(stored) ? stored : {};
    if (!Array.isArray(entries) || !entries.every(isEntry)) {
      return { fault: phrase`${path}: expected entries of a key and a number` };
    }
    return hashOf(entries) === sha256
      ? { entries }
      : { fault: phrase`${path} is damaged (its hash differs)` };
  } catch (error) {
    return { fault: phraseOfError(error) };
  }
}
