import { stat } from "node:fs/promises";
import {
  type HubRepository,
  isHubName,
  parseRepository,
  type RepositoryKind,
} from "../repository/hub-repository.js";

/** Files of rows, by their names. */
const ROWS = /\.(arrow|jsonl|json|csv|tsv|parquet)$/i;

/** Whether nothing lies at a path. What may not be looked at is there: whoever reads it says why. */
async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}

/** The repository that a text would name if nothing of that name were here: `data/rows.jsonl` has the form of an id as well. */
async function repositoryForMissing(text: string, kind: RepositoryKind): Promise<HubRepository | null> {
  if (kind === "dataset" && ROWS.test(text)) return null;
  const repository = parseRepository(text, kind);
  return repository !== null && (await isMissing(text)) ? repository : null;
}

const ownerOf = (text: string): string => text.slice(0, text.indexOf("/"));

/**
 * The repository on a hub that a text is meant for: what has a prefix or is an address, and `owner/name` where nothing of the
 * name `owner` is here, as a path that is mistyped is no name of a model.
 *
 * @param kind what is meant where the text does not say
 * @returns null where it is a path
 */
export async function repositoryMeant(text: string, kind: RepositoryKind): Promise<HubRepository | null> {
  if (isHubName(text)) return parseRepository(text, kind);
  const repository = await repositoryForMissing(text, kind);
  return repository !== null && (await isMissing(ownerOf(text))) ? repository : null;
}

/** The repository that a mistyped path could stand for; null where the text is none, or is meant for a repository anyway. */
export async function repositoryLike(text: string, kind: RepositoryKind): Promise<HubRepository | null> {
  if (isHubName(text)) return null;
  const repository = await repositoryForMissing(text, kind);
  return repository !== null && !(await isMissing(ownerOf(text))) ? repository : null;
}
