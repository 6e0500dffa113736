import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HubFile } from "../hubs/hub.js";
import { MAIN } from "../hubs/hugging-face.js";
import { MASTER } from "../hubs/model-scope.js";
import { neededFiles } from "../listing/needed-files.js";
import { HubError } from "../hub-error.js";
import type { HubRepository } from "../repository/hub-repository.js";
import { refPath, repositoryFolder, snapshotPath } from "./cache-layout.js";

/** A state of a repository on this machine, with all that is needed of it. */
export interface CachedSnapshot {
  readonly path: string;
  readonly commit: string;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

const COMMIT = /^[0-9a-f]{40}$/;

/** The branch, tag or commit that is meant. */
export const revisionOf = ({ revision, hub }: HubRepository): string =>
  revision ?? (hub === "huggingface" ? MAIN : MASTER);

/** What is here of a repository, whoever downloaded it; null where something that is needed is missing. */
export async function cachedSnapshot(
  cache: string,
  repository: HubRepository,
): Promise<CachedSnapshot | null> {
  const folder = repositoryFolder(cache, repository);
  const revision = revisionOf(repository);
  const named = COMMIT.test(revision)
    ? revision
    : (await readFile(refPath(folder, revision), "utf8").catch(() => "")).trim();
  if (!COMMIT.test(named)) return null;
  const path = snapshotPath(folder, named);
  const files = await filesOf(path);
  try {
    const listed = files.map((file): HubFile => ({ ...file, hash: null, url: "" }));
    const needed = await neededFiles(repository, listed, (file) => readFile(join(path, file.path), "utf8"));
    // A model is of no use without its config, which a hub's listing need not have but every model has.
    const isModel = repository.kind === "model" && repository.file === null;
    if (isModel && !files.some((file) => /^(?:adapter_)?config\.json$/.test(file.path))) return null;
    return { path, commit: named, files: needed.map(({ path, bytes }) => ({ path, bytes })) };
  } catch (error) {
    if (error instanceof HubError) return null;
    throw error;
  }
}

/** Files below a snapshot, through their links; links that lead nowhere are left out. */
async function filesOf(root: string): Promise<{ path: string; bytes: number }[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const found = await stat(path).catch(() => null);
      if (!found?.isFile()) return [];
      return [{ path: path.slice(root.length + 1).replaceAll("\\", "/"), bytes: found.size }];
    }),
  );
  return files.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}
