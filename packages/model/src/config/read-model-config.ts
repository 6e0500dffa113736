import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ModelConfigError, quote } from "../errors.js";
import type { Architecture } from "../architectures/architecture.js";
import { findArchitecture } from "../architectures/architecture-of.js";
import { architectures } from "../architectures/architectures.js";
import { ConfigKeys, type ConfigObject } from "./config-keys.js";
import { tokenizerEndId } from "./end-token.js";
import type { ModelConfig } from "./model-config.js";
import { decodeJson, isRecord, type MakeFault, phrase, readSmallFile } from "@lathe/files";

const CONFIG_FILE = "config.json";
const GENERATION_FILE = "generation_config.json";

/** Largest config that is read, in bytes; real ones have a few thousand. */
export const CONFIG_BYTES_LIMIT = 10_000_000;

/**
 * Reads `config.json` of a Hugging Face model folder, in the classic spelling (`rope_theta`, `rope_scaling`,
 * `torch_dtype`) or the newer (`rope_parameters`, `dtype`), and the ids that end a text from it, `generation_config.json` and
 * the tokenizer's files together: replies in training end as the tokenizer says.
 * Keys that are left out have the values Transformers gives them.
 * @throws ModelConfigError when a file is missing or malformed, the architecture is not supported, the model uses
 * something that would change its numbers and is not supported, or values contradict each other
 */
export async function readModelConfig(folder: string): Promise<ModelConfig> {
  const path = join(folder, CONFIG_FILE);
  const json = await readConfigObject(path);
  if (json === null) {
    const isFolder = (await stat(folder).catch(() => null))?.isDirectory() ?? false;
    throw new ModelConfigError({
      path: isFolder ? path : folder,
      expected: isFolder ? `the config of a model` : "a model folder",
      actual: isFolder ? "no such file" : "no such folder",
    });
  }
  const config = parseModelConfig(json, path);
  const generationPath = join(folder, GENERATION_FILE);
  const generation = await readConfigObject(generationPath);
  const generating = generation === null ? config : withGenerationIds(config, generation, generationPath);
  const named = Object.hasOwn(json, "eos_token_id") ? config.endOfSequenceIds : [];
  const end = await tokenizerEndId(folder);
  const ids = [...(end === null ? [] : [end]), ...generating.endOfSequenceIds, ...named];
  return { ...generating, endOfSequenceIds: [...new Set(ids)].filter((id) => id < config.vocabularySize) };
}

/** The object in a config file, or null when there is no such file. @throws ModelConfigError when it is no such thing */
export async function readConfigObject(path: string): Promise<ConfigObject | null> {
  const makeFault: MakeFault = (expected, actual, cause) =>
    new ModelConfigError({ path, expected, actual, cause });
  const bytes = await readSmallFile(path, CONFIG_BYTES_LIMIT, makeFault);
  if (bytes === null) return null;
  const json = decodeJson(bytes, makeFault);
  if (!isRecord(json)) throw makeFault("a JSON object", quote(json));
  return json;
}

/**
 * A model's config from the value of its config.json.
 * @param path where the value comes from, for messages
 * @throws ModelConfigError as `readModelConfig`
 */
export function parseModelConfig(json: ConfigObject, path: string): ModelConfig {
  const keys = new ConfigKeys(json, path);
  return architectureNamedIn(keys).parseConfig(keys);
}

/** Generation follows generation_config.json where it names ids, as in Transformers. */
function withGenerationIds(config: ModelConfig, json: ConfigObject, path: string): ModelConfig {
  const keys = new ConfigKeys(json, path);
  const given = (key: string, otherwise: readonly number[]) =>
    keys.isGiven(key) ? keys.ids(key, null) : otherwise;
  return {
    ...config,
    beginOfSequenceIds: given("bos_token_id", config.beginOfSequenceIds),
    endOfSequenceIds: given("eos_token_id", config.endOfSequenceIds),
    padId: given("pad_token_id", config.padId === null ? [] : [config.padId]).at(0) ?? null,
  };
}

function architectureNamedIn(keys: ConfigKeys): Architecture {
  const modelType = keys.text("model_type");
  const architecture = findArchitecture(modelType);
  if (architecture === null) {
    const names = architectures.map(({ name }) => name).join(", ");
    throw keys.fault(
      "model_type",
      phrase`one of the supported architectures ${names}`,
      modelType ?? undefined,
    );
  }
  const classNames = keys.value("architectures");
  if (classNames === undefined || classNames === null) return architecture;
  const { className } = architecture;
  if (!Array.isArray(classNames) || !classNames.includes(className)) {
    throw keys.fault(
      "architectures",
      phrase`[${quote(className)}], as model_type is ${quote(modelType)}`,
      classNames,
    );
  }
  return architecture;
}
