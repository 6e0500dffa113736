import { join } from "node:path";
import { pull, type PulledRepository } from "../pull.js";
import type { HubRepository } from "../repository/hub-repository.js";
import { repositoryMeant } from "./repository-meant.js";

/** How a repository that is meant comes to this machine, such as {@link pull} with a place to say how far it is. */
export type PullRepository = (repository: HubRepository) => Promise<PulledRepository>;

/**
 * The folder that a model or an adapter is in: the text itself, or the download that it names.
 *
 * @throws HubError where a repository is meant and is not to be had
 */
export async function modelFromHub(text: string, download: PullRepository = pull): Promise<string> {
  const repository = await repositoryMeant(text, "model");
  return repository ? (await download(repository)).path : text;
}

/**
 * What rows are read from: the text itself, or the files of a data set on a hub, by their folder where there are several.
 *
 * @throws HubError where a data set is meant and is not to be had
 */
export async function inputsFromHub(text: string, download: PullRepository = pull): Promise<string> {
  const repository = await repositoryMeant(text, "dataset");
  if (!repository) return text;
  const pulled = await download(repository);
  return pulled.files.length === 1 ? join(pulled.path, pulled.files[0]) : pulled.path;
}
