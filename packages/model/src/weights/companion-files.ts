import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Configs, tokenizers, templates and licences, by the names that Transformers and the hubs give them, and what a run of Lathe says of them. */
const companion =
  /^((generation_|preprocessor_|processor_)?config|tokenizer(_config)?|special_tokens_map|added_tokens|vocab|chat_template|lathe)\.json$|^(merges|vocab)\.txt$|\.(model|jinja|tiktoken)$|^(licen[cs]e|notice)[^/]*$/i;

/**
 * Names of the files that make up a model folder beside its weights: configs, tokenizers, templates, licences, policy. They go
 * along when weights are merged or packed into a new folder. A link to a file counts as the file, as hubs keep files as
 * links into a store of their own.
 */
export async function companionFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => companion.test(name)).sort();
  const isFile = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).isFile()));
  return names.filter((_, index) => isFile[index]);
}
