import { basename, dirname } from "node:path";
import { repositoryOfFolder } from "./cache-layout.js";

/** A repository at a commit. */
export interface SnapshotOrigin {
  /** `owner/name` */
  readonly id: string;
  readonly commit: string;
}

/**
 * The model that a folder of the shared cache is a snapshot of: `…/models--owner--name/snapshots/<commit>`.
 * @returns null where the path is another
 */
export function modelOfSnapshot(path: string): SnapshotOrigin | null {
  const snapshots = dirname(path);
  const commit = basename(path);
  const repository = repositoryOfFolder(basename(dirname(snapshots)));
  const isSnapshot = basename(snapshots) === "snapshots" && /^[0-9a-f]{40}$/.test(commit);
  return isSnapshot && repository?.kind === "model" ? { id: repository.id, commit } : null;
}
