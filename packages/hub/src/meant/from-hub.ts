import { basename, extname, join } from "node:path";
import { phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";
import { pull, type PulledRepository } from "../pull.js";
import { type HubRepository, repositoryText } from "../repository/hub-repository.js";
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
 * The file of rows that is meant: the text itself, or the one of a data set on a hub.
 *
 * @throws HubError where a data set is meant that is not to be had, or that has several files and none for training
 */
export async function rowsFromHub(text: string, download: PullRepository = pull): Promise<string> {
  const repository = await repositoryMeant(text, "dataset");
  return repository ? onlyRows(repository, await download(repository)) : text;
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

/** The one file of rows, or the one that is named for training. */
function onlyRows(repository: HubRepository, { path, files }: PulledRepository): string {
  const train = files.filter((file) => /^train(?:[._-]|$)/i.test(basename(file, extname(file))));
  const [only, ...more] = train.length === 1 ? train : files;
  if (more.length === 0) return join(path, only);
  const name = repositoryText(repository);
  throw new HubError(
    "name",
    phrase`${name} has ${files.length} files of rows; name one, such as ${`${name}:${only}`}, or prepare ${name}, which makes one of them`,
  );
}
