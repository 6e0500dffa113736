import { decodeUtf8, readSmallFile, setJsonKey, type Phrase } from "@lathe/files";
import { join } from "node:path";
import { ModelConfigError } from "../errors.js";
import {
  CONFIG_BYTES_LIMIT,
  parseModelConfig,
  readConfigObject,
  readModelConfig,
} from "./read-model-config.js";
import { ConfigKeys } from "./config-keys.js";

const KEY = "eos_token_id";

/**
 * Texts of a model folder's `config.json` and `generation_config.json`, by file name, for a copy of the folder: where
 * tokenizer and configs disagree on the tokens that end a text, both name all of them, so that other programs stop where
 * Lathe does. Every other character stays. A generation config that is not there is not made.
 * @throws ModelConfigError as `readModelConfig` does
 */
export async function configsWithEndTokens(folder: string): Promise<ReadonlyMap<string, string>> {
  const { endOfSequenceIds, vocabularySize } = await readModelConfig(folder);
  const texts = new Map<string, string>();
  let inherited: readonly number[] = [];
  for (const name of ["config.json", "generation_config.json"]) {
    const path = join(folder, name);
    const makeFault = (expected: string | Phrase, actual: string | Phrase, cause?: unknown): Error =>
      new ModelConfigError({ path, expected, actual, cause });
    const bytes = await readSmallFile(path, CONFIG_BYTES_LIMIT, makeFault);
    const json = await readConfigObject(path);
    if (bytes === null || json === null) continue;
    const keys = new ConfigKeys(json, path);
    const isConfig = name === "config.json";
    if (isConfig) inherited = parseModelConfig(json, path).endOfSequenceIds;
    const named = !isConfig && keys.isGiven(KEY) ? keys.ids(KEY, null) : inherited;
    const known = new Set(named.filter((id) => id < vocabularySize));
    const isSame = known.size === endOfSequenceIds.length && endOfSequenceIds.every((id) => known.has(id));
    const text = decodeUtf8(bytes, makeFault);
    const ids = endOfSequenceIds.length === 1 ? endOfSequenceIds[0] : endOfSequenceIds;
    texts.set(name, isSame ? text : setJsonKey(text, KEY, ids));
  }
  return texts;
}
