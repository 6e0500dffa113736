import { join, relative, sep } from "node:path";
import { filesBelow, hashFile } from "@lathe/files";
import { companionFiles, openWeights } from "@lathe/model";

/** SHA-256 of files, by their paths within a folder. */
export type FileHashes = Readonly<Record<string, string>>;

/**
 * Hashes of all files that a model is read from: weights, configs, tokenizer, templates.
 * @param onProgress files hashed, of all
 * @throws the signal's reason when it aborts
 */
export async function modelHashes(
  folder: string,
  onProgress: (done: number, total: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<FileHashes> {
  const weights = await openWeights(folder);
  const files = new Set(weights.names().map((name) => relative(folder, weights.pathOf(name))));
  await weights.close();
  for (const name of await companionFiles(folder)) files.add(name);
  return await hashesOf(folder, [...files].sort(), onProgress, signal);
}

/** Hashes of the files in the folders that a run has written its result to, by their paths within the run. */
export async function resultHashes(run: string, folders: readonly string[]): Promise<FileHashes> {
  const files: string[] = [];
  for (const folder of folders) {
    for (const file of await filesBelow(folder)) files.push(relative(run, join(folder, file)));
  }
  return await hashesOf(run, files.sort());
}

async function hashesOf(
  folder: string,
  files: readonly string[],
  onProgress: (done: number, total: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<FileHashes> {
  const hashes: [file: string, sha256: string][] = [];
  for (const file of files) {
    onProgress(hashes.length, files.length);
    // The same names on every system, as a passport may be read on another.
    hashes.push([file.replaceAll(sep, "/"), (await hashFile(join(folder, file), { signal })).sha256]);
  }
  onProgress(files.length, files.length);
  return Object.fromEntries(hashes);
}
