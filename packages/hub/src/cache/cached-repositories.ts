import { lstat, readdir, readFile, readlink, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { asFileError, phrase, removeFolder } from "@lathe/files";
import { HubError } from "../hub-error.js";
import {
  type HubName,
  type HubRepository,
  repositoryText,
  type RepositoryKind,
} from "../repository/hub-repository.js";
import { type HubSettings, hubSettings } from "../settings/hub-settings.js";
import { revisionOf } from "./cached-snapshot.js";
import { refPath, repositoryFolder, repositoryOfFolder } from "./cache-layout.js";

/** A state of a repository in a cache. */
export interface CachedRevision {
  readonly commit: string;
  /** Branches and tags that are at it. */
  readonly refs: readonly string[];
  readonly path: string;
  /** Of its files, those that it shares with others too. */
  readonly bytes: number;
  readonly files: number;
}

/** A repository in a cache, whoever downloaded it. */
export interface CachedRepository {
  readonly hub: HubName;
  readonly kind: RepositoryKind;
  readonly id: string;
  readonly path: string;
  /** Of all that is there, what is on its way too; each file once. */
  readonly bytes: number;
  readonly revisions: readonly CachedRevision[];
}

/** What {@link removeCached} took away. */
export interface RemovedRevisions {
  readonly commits: readonly string[];
  readonly freedBytes: number;
}

/** The repositories in both hubs' caches, by their names. @throws FileError */
export async function cachedRepositories(settings: HubSettings = hubSettings()): Promise<CachedRepository[]> {
  const found: CachedRepository[] = [];
  for (const hub of ["huggingface", "modelscope"] as const) {
    const cache = settings.caches[hub];
    for (const name of await namesIn(cache)) {
      const repository = repositoryOfFolder(name);
      if (repository) found.push(await repositoryAt(hub, repository, join(cache, name)));
    }
  }
  return found;
}

/**
 * Removes a repository from its cache, or the revision that is named; files that another revision has too stay.
 * @throws HubError where there is none   @throws FileError where the system does not let it go
 */
export async function removeCached(
  repository: HubRepository,
  settings: HubSettings = hubSettings(),
): Promise<RemovedRevisions> {
  const cache = settings.caches[repository.hub];
  const folder = repositoryFolder(cache, repository);
  const before = await repositoryAt(repository.hub, repository, folder);
  const isThere = (await lstat(folder).catch(() => null)) !== null;
  const revision = revisionOf(repository);
  const gone =
    repository.revision === null
      ? before.revisions
      : before.revisions.filter(({ commit, refs }) => commit === revision || refs.includes(revision));
  if (!isThere || (repository.revision !== null && gone.length === 0)) {
    const known = before.revisions.flatMap(({ refs, commit }) => (refs.length > 0 ? refs : [commit]));
    const name = repositoryText(repository);
    throw known.length === 0
      ? new HubError("missing", phrase`${name} is not in ${cache}`)
      : new HubError("missing", phrase`${name} is not in ${cache}, which has ${known.join(", ")} of it`);
  }
  if (gone.length === before.revisions.length) {
    await removeFolder(folder);
    return { commits: gone.map(({ commit }) => commit), freedBytes: before.bytes };
  }
  const kept = before.revisions.filter((revision) => !gone.includes(revision));
  const keptBlobs = new Set((await Promise.all(kept.map(({ path }) => blobsOf(path)))).flat());
  let freedBytes = 0;
  try {
    for (const { path, refs } of gone) {
      const blobs = await blobsOf(path);
      for (const ref of refs) await rm(refPath(folder, ref), { force: true });
      await removeFolder(path);
      for (const blob of blobs) {
        if (keptBlobs.has(blob)) continue;
        freedBytes += (await stat(blob).catch(() => null))?.size ?? 0;
        await rm(blob, { force: true });
      }
    }
    await rmdir(join(folder, "refs")).catch(() => undefined);
  } catch (error) {
    throw asFileError(folder, "removed", error);
  }
  return { commits: gone.map(({ commit }) => commit), freedBytes };
}

async function repositoryAt(
  hub: HubName,
  { kind, id }: Pick<HubRepository, "kind" | "id">,
  path: string,
): Promise<CachedRepository> {
  const refs = await refsOf(join(path, "refs"));
  const revisions: CachedRevision[] = [];
  for (const commit of await namesIn(join(path, "snapshots"))) {
    const snapshot = join(path, "snapshots", commit);
    const files = await sizesBelow(snapshot, true);
    const own = [...refs].filter(([, at]) => at === commit).map(([name]) => name);
    revisions.push({ commit, refs: own, path: snapshot, bytes: sum(files), files: files.length });
  }
  return { hub, kind, id, path, bytes: sum(await sizesBelow(path, false)), revisions };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Names in a folder, in their order; none where it is not there. @throws FileError */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw asFileError(folder, "read", error);
  }
}

/** Lengths of the files below a folder. @param through whether links count as what they lead to, or not at all */
async function sizesBelow(folder: string, through: boolean): Promise<number[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const look = through ? stat : lstat;
  const sizes = entries.map(async (entry) => {
    const found = await look(join(entry.parentPath, entry.name)).catch(() => null);
    return found?.isFile() ? [found.size] : [];
  });
  return (await Promise.all(sizes)).flat();
}

/** Branches and tags with their commits. */
async function refsOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const refs = new Map<string, string>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const commit = (await readFile(path, "utf8").catch(() => "")).trim();
    refs.set(path.slice(folder.length + 1).replaceAll("\\", "/"), commit);
  }
  return refs;
}

/** Blobs that the links of a snapshot lead to: files of the repository's own folder of blobs, and nothing else. */
async function blobsOf(snapshot: string): Promise<string[]> {
  const entries = await readdir(snapshot, { recursive: true, withFileTypes: true }).catch(() => []);
  const blobs = join(dirname(dirname(snapshot)), "blobs");
  const found = entries.map(async (entry) => {
    if (!entry.isSymbolicLink()) return [];
    const target = await readlink(join(entry.parentPath, entry.name)).catch(() => "");
    const path = join(entry.parentPath, target);
    return dirname(path) === blobs ? [join(blobs, basename(path))] : [];
  });
  return (await Promise.all(found)).flat();
}
