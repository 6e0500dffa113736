import { basename, extname, join } from "node:path";
import type { ResolveContext } from "@lathe/command";
import { InputError, type Phrase, phrase, sayPhrase } from "@lathe/files";
import {
  type HubRepository,
  hubSettings,
  isHubName,
  parseRepository,
  pull,
  type PulledRepository,
  repositoryText,
} from "@lathe/hub";
import { pathKind } from "./path-kind.js";

/** Files of rows, by their names. */
const ROWS = /\.(arrow|jsonl|json|csv|tsv|parquet)$/i;

const BYTES_OF_MEGABYTE = 1e6;

/**
 * The repository on a hub that a text is meant for: what has a prefix or is an address, and `owner/name` where nothing of the
 * name `owner` is here, as a path that is mistyped is no name of a model.
 * @returns null where it is a path
 */
export async function repositoryMeant(
  text: string,
  kind: HubRepository["kind"],
): Promise<HubRepository | null> {
  const repository = parseRepository(text, kind);
  if (!repository || isHubName(text)) return repository;
  if (kind === "dataset" && ROWS.test(text)) return null;
  if ((await pathKind(text)).kind !== "missing") return null;
  return (await pathKind(text.slice(0, text.indexOf("/")))).kind === "missing" ? repository : null;
}

/** What to do about a path that is missing and could be a name on a hub; null where it could not. */
export function hubHint(text: string, kind: HubRepository["kind"]): Phrase | null {
  const repository = parseRepository(text, kind);
  if (!repository) return null;
  const prefix = kind === "dataset" ? "hf-dataset:" : "hf:";
  return kind === "dataset"
    ? phrase`no such file; if ${repository.id} on a hub is meant, give ${`${prefix}${text}`}`
    : phrase`no such folder; if ${repository.id} on a hub is meant, give ${`${prefix}${text}`}`;
}

/** Downloads what a repository has, with how far it is. */
export async function download(
  repository: HubRepository,
  { io, messages, signal, warn, progress }: ResolveContext,
): Promise<PulledRepository> {
  const label = sayPhrase(phrase`downloading ${repositoryText(repository)} (MB)`, messages.phrases);
  const bar = progress({ label });
  try {
    return await pull(repository, {
      settings: hubSettings(io.env),
      signal,
      onProgress: ({ doneBytes, totalBytes, file }) =>
        bar.update(doneBytes / BYTES_OF_MEGABYTE, Math.ceil(totalBytes / BYTES_OF_MEGABYTE), basename(file)),
      onWarning: (warning) => warn(sayPhrase(warning, messages.phrases)),
    });
  } finally {
    bar.end();
  }
}

/** The folder that a model or an adapter is in: the text itself, or the download that it names. */
export async function modelFromHub(text: string, context: ResolveContext): Promise<string> {
  const repository = await repositoryMeant(text, "model");
  return repository ? (await download(repository, context)).path : text;
}

/** The file of rows that is meant: the text itself, or the one of a data set on a hub. @throws InputError */
export async function rowsFromHub(text: string, context: ResolveContext): Promise<string> {
  const repository = await repositoryMeant(text, "dataset");
  return repository ? onlyRows(repository, await download(repository, context)) : text;
}

/** What rows are read from: the text itself, or the files of a data set on a hub. */
export async function inputsFromHub(text: string, context: ResolveContext): Promise<string> {
  const repository = await repositoryMeant(text, "dataset");
  if (!repository) return text;
  const pulled = await download(repository, context);
  return pulled.files.length === 1 ? join(pulled.path, pulled.files[0]) : pulled.path;
}

/** The one file of rows, or the one that is named for training. */
function onlyRows(repository: HubRepository, { path, files }: PulledRepository): string {
  const train = files.filter((file) => /^train(?:[._-]|$)/i.test(basename(file, extname(file))));
  const [only, ...more] = train.length === 1 ? train : files;
  if (more.length === 0) return join(path, only);
  const name = repositoryText(repository);
  throw new InputError(
    phrase`${name} has ${files.length} files of rows; name one, such as ${`${name}:${only}`}, or make one of them with lathe prepare --input ${name}`,
  );
}
