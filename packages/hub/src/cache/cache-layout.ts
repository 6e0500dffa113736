import { createHash } from "node:crypto";
import { join } from "node:path";
import type { HubFile } from "../hubs/hub.js";
import type { HubRepository } from "../repository/hub-repository.js";

/** Folder of a repository in a cache: `models--owner--name`. */
export function repositoryFolder(cache: string, { kind, id }: Pick<HubRepository, "kind" | "id">): string {
  return join(cache, [`${kind}s`, ...id.split("/")].join("--"));
}

/** The repository that a folder's name stands for; null where it is none. */
export function repositoryOfFolder(name: string): Pick<HubRepository, "kind" | "id"> | null {
  const match = /^(model|dataset)s--([^/]+?)--([^/]+)$/.exec(name);
  if (!match || match[3].includes("--")) return null;
  return { kind: match[1] as "model" | "dataset", id: `${match[2]}/${match[3]}` };
}

/** Where a file's content lies, by what it holds. @param folder of the repository */
export function blobPath(folder: string, file: HubFile, commit: string): string {
  const text = `${commit}\0${file.path}\0${file.bytes}`;
  return join(folder, "blobs", file.hash?.digits ?? createHash("sha256").update(text).digest("hex"));
}

/** The folder of a commit. */
export const snapshotPath = (folder: string, commit: string): string => join(folder, "snapshots", commit);

/** The file that says which commit a branch or tag is. */
export const refPath = (folder: string, revision: string): string =>
  join(folder, "refs", ...revision.split("/"));
