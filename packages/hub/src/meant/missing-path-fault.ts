import { type Phrase, phrase } from "@lathe/files";
import type { RepositoryKind } from "../repository/hub-repository.js";
import { repositoryLike } from "./repository-meant.js";

/**
 * What to do about a path that is missing and could be a name on a hub.
 *
 * @param kind what the path is given for
 * @returns null where something is there, where a repository is meant, and where the path could be none
 */
export async function missingPathFault(text: string, kind: RepositoryKind): Promise<Phrase | null> {
  const repository = await repositoryLike(text, kind);
  if (repository === null) return null;
  return kind === "dataset"
    ? phrase`no such file; if ${repository.id} on a hub is meant, give ${`hf-dataset:${text}`}`
    : phrase`no such folder; if ${repository.id} on a hub is meant, give ${`hf:${text}`}`;
}
