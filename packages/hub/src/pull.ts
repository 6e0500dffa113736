import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Lock, LockedError, makeFolder, type Phrase, phrase, replaceFile, takeLock } from "@lathe/files";
import { cachedSnapshot, revisionOf } from "./cache/cached-snapshot.js";
import { blobPath, refPath, repositoryFolder, snapshotPath } from "./cache/cache-layout.js";
import { linkFile } from "./cache/link-file.js";
import { checkSpace } from "./download/check-space.js";
import { downloadFile, partialOf } from "./download/download-file.js";
import { bytesOfPartial, type WriteAt } from "./download/partial-file.js";
import { repositorySource } from "./download/repository-source.js";
import { HubError } from "./hub-error.js";
import { HubHttp, type Wait } from "./http/hub-http.js";
import type { HubFile, HubListing } from "./hubs/hub.js";
import { listHuggingFace } from "./hubs/hugging-face.js";
import { listModelScope } from "./hubs/model-scope.js";
import { checkListing } from "./listing/check-listing.js";
import { neededFiles } from "./listing/needed-files.js";
import { type HubRepository, repositoryText } from "./repository/hub-repository.js";
import { type HubSettings, hubSettings } from "./settings/hub-settings.js";

/** How far a download is. */
export interface PullProgress {
  /** Within the repository. */
  readonly file: string;
  /** Bytes of all files that are there. */
  readonly doneBytes: number;
  /** Bytes of all files. */
  readonly totalBytes: number;
}

/** What the system does for a download; tests put faults here. */
export interface PullSystem {
  readonly wait?: Wait | undefined;
  readonly write?: WriteAt | undefined;
  /** Free bytes of the disk that a folder is on. */
  readonly freeBytes?: ((folder: string) => Promise<number>) | undefined;
}

/** How {@link pull} goes about it. */
export interface PullOptions {
  /** @defaultValue by the environment */
  readonly settings?: HubSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears how far it is, as bytes come. */
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
  /** Hears of what was made do with, such as files of before where the hub is not reached. */
  readonly onWarning?: ((warning: Phrase) => void) | undefined;
  readonly system?: PullSystem | undefined;
}

/** A repository's files on this machine. */
export interface PulledRepository {
  /** Folder of the snapshot. */
  readonly path: string;
  /** What the repository was at. */
  readonly commit: string;
  /** Files that were asked for, below the folder. */
  readonly files: readonly string[];
  readonly totalBytes: number;
  /** Of that, what was not here before. */
  readonly downloadedBytes: number;
}

/** Milliseconds between two looks at a lock. */
const LOCK_WAIT_MS = 500;

/**
 * Brings to this machine what is needed of a repository, into the cache that Python's tools share: what is there already is
 * not asked for again, and what was cut goes on. Where the hub is not to be asked (`HF_HUB_OFFLINE`), or not reached, what is
 * here is used.
 *
 * @throws HubError, FileError
 * @throws the signal's reason when it aborts
 */
export async function pull(repository: HubRepository, options: PullOptions = {}): Promise<PulledRepository> {
  const { settings = hubSettings(), signal, onWarning, system = {} } = options;
  const cache = settings.caches[repository.hub];
  const name = repositoryText(repository);
  if (settings.isOffline) {
    const here = await cachedSnapshot(cache, repository);
    if (here) return pulledOf(here.path, here.commit, here.files, 0);
    throw new HubError(
      "offline",
      phrase`${name} is not complete in ${cache}, and HF_HUB_OFFLINE lets no hub be asked`,
    );
  }
  const origin = settings.endpoints[repository.hub];
  if (!URL.canParse(origin)) {
    throw new HubError(
      "name",
      phrase`expected the address of a hub in HF_ENDPOINT or MODELSCOPE_DOMAIN, got ${origin}`,
    );
  }
  const token = await settings.token(repository.hub);
  const http = new HubHttp({ proxies: settings.proxies, origin, token, wait: system.wait });
  try {
    return await pullOver(http, origin, repository, cache, options);
  } catch (error) {
    signal?.throwIfAborted();
    const isUnreached = error instanceof HubError && error.fault === "network";
    const here = isUnreached ? await cachedSnapshot(cache, repository) : null;
    if (!isUnreached || !here) throw error;
    const [why] = error.phrases();
    onWarning?.(phrase`${why}; ${name} is taken as it was downloaded before`);
    return pulledOf(here.path, here.commit, here.files, 0);
  } finally {
    await http.close();
  }
}

function pulledOf(
  path: string,
  commit: string,
  files: readonly { readonly path: string; readonly bytes: number }[],
  downloadedBytes: number,
): PulledRepository {
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return { path, commit, files: files.map(({ path }) => path), totalBytes, downloadedBytes };
}

async function pullOver(
  http: HubHttp,
  endpoint: string,
  repository: HubRepository,
  cache: string,
  { signal, onProgress, system = {} }: PullOptions,
): Promise<PulledRepository> {
  const list = repository.hub === "huggingface" ? listHuggingFace : listModelScope;
  const listing: HubListing = await http.persist(() => list(http, endpoint, repository, signal), signal);
  const { commit, files } = listing;
  checkListing(repository.id, files);
  const folder = repositoryFolder(cache, repository);
  await makeFolder(folder);
  const lock = await lockOf(cache, repository, signal);
  try {
    let downloadedBytes = 0;
    const source = repositorySource(repository, endpoint, http.hasToken);
    const load = async (file: HubFile, onBytes?: (done: number) => void): Promise<string> => {
      const place = blobPath(folder, file, commit);
      if (!(await isThere(place, file.bytes))) {
        const known = await bytesOfPartial(partialOf(place), file.bytes);
        const options = { http, source, file, place, signal, onBytes, write: system.write };
        await downloadFile(options);
        downloadedBytes += file.bytes - known;
      }
      await linkFile(place, join(snapshotPath(folder, commit), ...file.path.split("/")));
      return place;
    };
    const readIndex = async (file: HubFile): Promise<string> => readFile(await load(file), "utf8");
    const needed = await neededFiles(repository, files, readIndex);
    await checkSpaceFor(folder, needed, commit, system);
    const totalBytes = needed.reduce((sum, { bytes }) => sum + bytes, 0);
    let before = 0;
    for (const file of needed) {
      signal?.throwIfAborted();
      const tell = (done: number): void =>
        onProgress?.({ file: file.path, doneBytes: before + done, totalBytes });
      await load(file, tell);
      tell(file.bytes);
      before += file.bytes;
    }
    const revision = revisionOf(repository);
    // Last of all: whoever reads the branch finds all of it.
    if (revision !== commit) await replaceFile(refPath(folder, revision), commit);
    return pulledOf(snapshotPath(folder, commit), commit, needed, downloadedBytes);
  } finally {
    await lock.release();
  }
}

/** Waits until no other process downloads the repository. */
async function lockOf(cache: string, repository: HubRepository, signal?: AbortSignal): Promise<Lock> {
  const folder = repositoryFolder(cache, repository);
  const path = join(cache, ".locks", folder.slice(dirname(folder).length + 1), "lathe.lock");
  for (;;) {
    try {
      return await takeLock(path, folder);
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
      await sleep(LOCK_WAIT_MS, undefined, { signal });
    }
  }
}

async function isThere(place: string, bytes: number): Promise<boolean> {
  return (await stat(place).catch(() => null))?.size === bytes;
}

/** Refuses to begin what the disk has no room for. @throws HubError */
async function checkSpaceFor(
  folder: string,
  files: readonly HubFile[],
  commit: string,
  { freeBytes }: PullSystem,
): Promise<void> {
  let missing = 0;
  for (const file of files) {
    const place = blobPath(folder, file, commit);
    if (await isThere(place, file.bytes)) continue;
    missing += file.bytes - (await bytesOfPartial(partialOf(place), file.bytes));
  }
  const fault = (wanted: string, there: string): Phrase =>
    phrase`${folder}: expected ${wanted} of free disk for the download, got ${there}; free some, or name another folder in HF_HUB_CACHE`;
  await checkSpace(folder, missing, fault, freeBytes);
}
