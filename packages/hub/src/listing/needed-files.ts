import { isRecord, parseJson, phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";
import type { HubFile } from "../hubs/hub.js";
import type { HubRepository } from "../repository/hub-repository.js";

/** What lies beside the weights and is read, or goes with what is made of them. */
const COMPANIONS =
  /^(?:config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template|adapter_config|configuration)\.json$|^merges\.txt$|^chat_template\.jinja$|^tokenizer\.model$|^(?:LICENSE|LICENCE|NOTICE|USE_POLICY)(?:\.(?:md|txt))?$/i;

const INDEX = "model.safetensors.index.json";
const SINGLE = ["model.safetensors", "adapter_model.safetensors"];

/** Files of rows, the ones that are read best first. */
const ROWS = [".jsonl", ".parquet", ".arrow", ".csv", ".json"];

/** Reads a small file of a listing. */
export type ReadFile = (file: HubFile) => Promise<string>;

/**
 * What of a repository is downloaded: of a model the config, tokenizer, template and the safetensors that its index lists; of a
 * data set its files of rows; or the one file that is named.
 *
 * @param read for the index of weights in several files
 * @throws HubError when nothing of use is there
 */
export async function neededFiles(
  repository: HubRepository,
  files: readonly HubFile[],
  read: ReadFile,
): Promise<HubFile[]> {
  const { id, file, kind } = repository;
  if (file !== null) {
    const named = files.find(({ path }) => path === file);
    if (named) return [named];
    throw new HubError("missing", phrase`${id} has no file ${file}; it has ${someOf(files)}`);
  }
  return kind === "model" ? await ofModel(id, files, read) : ofDataset(id, files);
}

async function ofModel(id: string, files: readonly HubFile[], read: ReadFile): Promise<HubFile[]> {
  const companions = files.filter(({ path }) => COMPANIONS.test(path));
  const single = files.filter(({ path }) => SINGLE.includes(path));
  if (single.length > 0) return [...companions, ...single];
  const index = files.find(({ path }) => path === INDEX);
  if (!index) {
    const gguf = files.find(({ path }) => /\.gguf$/i.test(path));
    if (gguf)
      throw new HubError(
        "missing",
        phrase`${id} has no safetensors, only GGUF such as ${gguf.path}; give the repository that it was made from`,
      );
    throw new HubError(
      "missing",
      phrase`${id}: expected model.safetensors or its index among the files, got ${someOf(files)}`,
    );
  }
  const shards = shardsOf(id, await read(index));
  const found = files.filter(({ path }) => shards.has(path));
  const lacking = [...shards].find((path) => !found.some((file) => file.path === path));
  if (lacking !== undefined)
    throw new HubError(
      "damaged",
      phrase`${id}: ${INDEX} lists ${lacking.slice(0, 200)}, which is not among the files`,
    );
  return [...companions, index, ...found];
}

/** Names of the files that an index lists. @throws HubError */
function shardsOf(id: string, text: string): Set<string> {
  const fault = (cause?: unknown): HubError =>
    new HubError("damaged", phrase`${id}: expected names of files in ${INDEX}, got other JSON`, { cause });
  let index: unknown;
  try {
    index = parseJson(text);
  } catch (cause) {
    throw fault(cause);
  }
  const map = isRecord(index) ? index["weight_map"] : null;
  if (!isRecord(map)) throw fault();
  const names = Object.values(map);
  if (names.length === 0 || !names.every((name) => typeof name === "string")) throw fault();
  return new Set(names);
}

function ofDataset(id: string, files: readonly HubFile[]): HubFile[] {
  for (const ending of ROWS) {
    const rows = files.filter(({ path }) => path.toLowerCase().endsWith(ending));
    if (rows.length > 0) return rows;
  }
  throw new HubError(
    "missing",
    phrase`${id}: expected files of rows (${ROWS.join(", ")}), got ${someOf(files)}`,
  );
}

function someOf(files: readonly HubFile[]): string {
  const names = files.slice(0, 8).map(({ path }) => path);
  return names.length === 0 ? "no file" : names.join(", ") + (files.length > names.length ? ", …" : "");
}
