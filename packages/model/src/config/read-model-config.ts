import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ModelConfigError, quote } from "../errors.js";
import {
  type Architecture,
  type ModelConfig,
  type RopeConfig,
  type RopeScaling,
  supportedArchitectures,
} from "./model-config.js";
import { type MakeFault, parseJson, readSmallFile } from "./read-small-file.js";

const CONFIG_FILE = "config.json";
const GENERATION_FILE = "generation_config.json";

/** Largest config that is read, in bytes; real ones have a few thousand. */
const CONFIG_BYTES_LIMIT = 10_000_000;

/** Layers beyond which a config is taken for damaged: tables are made per layer, and no model comes near. */
const LAYER_LIMIT = 10_000;

/** Values that Transformers assumes for keys that a config.json leaves out. */
interface ArchitectureDefaults {
  /** The class that `architectures` names. */
  className: string;
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  /** null: as many as attention heads. */
  num_key_value_heads: number | null;
  /** null: hidden_size / num_attention_heads. */
  head_dim: number | null;
  max_position_embeddings: number;
  bos_token_id: number | null;
  eos_token_id: number | null;
  /** Biases of q, k, v and o: fixed, or as `attention_bias` says. */
  bias: { queryKeyValue: boolean; output: boolean } | "attention_bias";
  /** Whether `mlp_bias` is a key of the architecture. */
  hasMlpBiasKey: boolean;
  queryKeyNorm: boolean;
}

const qwen2Sizes = {
  vocab_size: 151936,
  hidden_size: 4096,
  intermediate_size: 22016,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  max_position_embeddings: 32768,
  bos_token_id: null,
  eos_token_id: null,
};

const architectureDefaults: Record<Architecture, ArchitectureDefaults> = {
  qwen2: {
    ...qwen2Sizes,
    className: "Qwen2ForCausalLM",
    head_dim: null,
    bias: { queryKeyValue: true, output: false },
    hasMlpBiasKey: false,
    queryKeyNorm: false,
  },
  llama: {
    className: "LlamaForCausalLM",
    vocab_size: 32000,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    head_dim: null,
    max_position_embeddings: 2048,
    bos_token_id: 1,
    eos_token_id: 2,
    bias: "attention_bias",
    hasMlpBiasKey: true,
    queryKeyNorm: false,
  },
  qwen3: {
    ...qwen2Sizes,
    className: "Qwen3ForCausalLM",
    head_dim: 128,
    bias: "attention_bias",
    hasMlpBiasKey: false,
    queryKeyNorm: true,
  },
};

const DEFAULT_RMS_NORM_EPSILON = 1e-6;
const DEFAULT_ROPE_THETA = 10_000;

/**
 * Reads `config.json` of a Hugging Face model folder, in the classic spelling (`rope_theta`, `rope_scaling`,
 * `torch_dtype`) or the newer (`rope_parameters`, `dtype`), and `generation_config.json` for the ids that end a text.
 * Keys that are left out have the values Transformers gives them.
 * @throws ModelConfigError when a file is missing or malformed, the architecture is not supported, the model uses
 * something that would change its numbers and is not supported, or values contradict each other
 */
export async function readModelConfig(folder: string): Promise<ModelConfig> {
  const path = join(folder, CONFIG_FILE);
  const json = await readObject(path);
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
  const generation = await readObject(generationPath);
  return generation === null ? config : withGenerationIds(config, generation, generationPath);
}

async function readObject(path: string): Promise<ConfigObject | null> {
  const makeFault: MakeFault = (expected, actual, cause) =>
    new ModelConfigError({ path, expected, actual, cause });
  const bytes = await readSmallFile(path, CONFIG_BYTES_LIMIT, makeFault);
  if (bytes === null) return null;
  const json = parseJson(bytes, makeFault);
  if (!isObject(json)) throw makeFault("a JSON object", quote(json));
  return json;
}

/** A parsed config.json. */
export type ConfigObject = Readonly<Record<string, unknown>>;

/**
 * A model's config from the value of its config.json.
 * @param path where the value comes from, for messages
 * @throws ModelConfigError as `readModelConfig`
 */
export function parseModelConfig(json: ConfigObject, path: string): ModelConfig {
  const keys = new ConfigKeys(json, path);
  const architecture = architectureOf(keys);
  const defaults = architectureDefaults[architecture];
  refuseUnsupported(keys);

  const hiddenSize = keys.size("hidden_size", defaults.hidden_size);
  const headCount = keys.size("num_attention_heads", defaults.num_attention_heads);
  const keyValueHeadCount = keys.isNull("num_key_value_heads")
    ? headCount
    : keys.size("num_key_value_heads", defaults.num_key_value_heads ?? headCount);
  if (headCount % keyValueHeadCount !== 0) {
    throw keys.fault(
      "num_key_value_heads",
      `a divisor of num_attention_heads ${headCount}`,
      keyValueHeadCount,
    );
  }
  const headSize = headSizeOf(keys, defaults.head_dim, hiddenSize, headCount);
  const layerCount = keys.size("num_hidden_layers", defaults.num_hidden_layers);
  if (layerCount > LAYER_LIMIT) throw keys.fault("num_hidden_layers", `at most ${LAYER_LIMIT}`, layerCount);
  const maxPositions = keys.size("max_position_embeddings", defaults.max_position_embeddings);
  const attentionBias = defaults.bias === "attention_bias" && keys.flag("attention_bias", false);

  return {
    architecture,
    vocabularySize: keys.size("vocab_size", defaults.vocab_size),
    hiddenSize,
    intermediateSize: keys.size("intermediate_size", defaults.intermediate_size),
    layerCount,
    headCount,
    keyValueHeadCount,
    headSize,
    rmsNormEpsilon: keys.positive("rms_norm_eps", DEFAULT_RMS_NORM_EPSILON),
    rope: ropeOf(keys, maxPositions),
    maxPositions,
    tieWordEmbeddings: keys.flag("tie_word_embeddings", false),
    attentionBias: defaults.bias === "attention_bias" ? attentionBias : defaults.bias.queryKeyValue,
    attentionOutputBias: defaults.bias === "attention_bias" ? attentionBias : defaults.bias.output,
    mlpBias: defaults.hasMlpBiasKey && keys.flag("mlp_bias", false),
    queryKeyNorm: defaults.queryKeyNorm,
    beginOfSequenceIds: keys.ids("bos_token_id", defaults.bos_token_id),
    endOfSequenceIds: keys.ids("eos_token_id", defaults.eos_token_id),
    padId: keys.ids("pad_token_id", null).at(0) ?? null,
    dtype: keys.text("dtype") ?? keys.text("torch_dtype"),
  };
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

function architectureOf(keys: ConfigKeys): Architecture {
  const supported = `one of the supported architectures ${supportedArchitectures.join(", ")}`;
  const modelType = keys.text("model_type");
  const architecture = supportedArchitectures.find((name) => name === modelType);
  if (architecture === undefined) throw keys.fault("model_type", supported, modelType ?? undefined);
  const classNames = keys.value("architectures");
  if (classNames === undefined || classNames === null) return architecture;
  const { className } = architectureDefaults[architecture];
  if (!Array.isArray(classNames) || !classNames.includes(className)) {
    throw keys.fault(
      "architectures",
      `[${quote(className)}], as model_type is ${quote(modelType)}`,
      classNames,
    );
  }
  return architecture;
}

/** The ways of storing packed weights that linears can be read from. */
const PACKED_METHODS = ["compressed-tensors", "bitsandbytes"];

/** Refuses what would change the model's numbers if it were passed over. */
function refuseUnsupported(keys: ConfigKeys): void {
  const activation = keys.text("hidden_act") ?? "silu";
  if (activation !== "silu") throw keys.fault("hidden_act", '"silu"', activation);
  if (keys.flag("use_sliding_window", false)) {
    throw keys.fault("use_sliding_window", "false, as sliding-window attention is not supported", true);
  }
  const layerTypes = keys.value("layer_types") ?? [];
  if (!Array.isArray(layerTypes) || !layerTypes.every((type) => type === "full_attention")) {
    throw keys.fault("layer_types", 'only "full_attention", as other attention is not supported', layerTypes);
  }
  const quantization = keys.value("quantization_config");
  if (quantization !== undefined && quantization !== null) {
    const method = isObject(quantization) ? quantization["quant_method"] : quantization;
    // The folder's weights tell what is packed and how; what reads the linears checks the rest.
    if (typeof method !== "string" || !PACKED_METHODS.includes(method)) {
      const known = PACKED_METHODS.map((name) => `"${name}"`).join(" or ");
      throw keys.fault("quantization_config", `none or quant_method ${known}`, method);
    }
  }
}

function headSizeOf(
  keys: ConfigKeys,
  defaultSize: number | null,
  hiddenSize: number,
  headCount: number,
): number {
  const isGiven = keys.isGiven("head_dim");
  if (!isGiven && defaultSize === null && hiddenSize % headCount !== 0) {
    throw keys.fault("hidden_size", `a multiple of num_attention_heads ${headCount}`, hiddenSize);
  }
  const headSize = isGiven ? keys.size("head_dim", 0) : (defaultSize ?? hiddenSize / headCount);
  if (headSize % 2 !== 0) {
    throw keys.fault("head_dim", "an even number, as rotary embeddings turn pairs", headSize);
  }
  return headSize;
}

/** `rope_scaling` wins over `rope_parameters`, and a theta among the parameters over one beside them. */
function ropeOf(keys: ConfigKeys, maxPositions: number): RopeConfig {
  const spelling = isFilledObject(keys.value("rope_scaling")) ? "rope_scaling" : "rope_parameters";
  const parameters = keys.object(spelling) ?? keys.nested(spelling, {});
  const theta = parameters.isGiven("rope_theta")
    ? parameters.positive("rope_theta", DEFAULT_ROPE_THETA)
    : keys.positive("rope_theta", DEFAULT_ROPE_THETA);
  const rotatedPart = parameters.value("partial_rotary_factor") ?? keys.value("partial_rotary_factor") ?? 1;
  if (rotatedPart !== 1) {
    throw keys.fault("partial_rotary_factor", "1, as partly rotated heads are not supported", rotatedPart);
  }
  return { theta, scaling: ropeScalingOf(keys, parameters, maxPositions) };
}

function ropeScalingOf(keys: ConfigKeys, parameters: ConfigKeys, maxPositions: number): RopeScaling | null {
  const type = parameters.text("rope_type") ?? parameters.text("type") ?? "default";
  const originalMaxPositions = () =>
    keys.isGiven("original_max_position_embeddings")
      ? keys.size("original_max_position_embeddings", 0)
      : parameters.size("original_max_position_embeddings", maxPositions);
  switch (type) {
    case "default":
      if (parameters.value("full_attention") !== undefined) {
        throw parameters.fault(
          "full_attention",
          "one rotary embedding for all layers",
          "one for each layer type",
        );
      }
      return null;
    case "linear":
      return { type, factor: parameters.positive("factor") };
    case "llama3": {
      const lowFrequencyFactor = parameters.positive("low_freq_factor");
      const highFrequencyFactor = parameters.positive("high_freq_factor");
      if (highFrequencyFactor <= lowFrequencyFactor) {
        throw parameters.fault(
          "high_freq_factor",
          `more than low_freq_factor ${lowFrequencyFactor}`,
          highFrequencyFactor,
        );
      }
      return {
        type,
        factor: parameters.positive("factor"),
        lowFrequencyFactor,
        highFrequencyFactor,
        originalMaxPositions: originalMaxPositions(),
      };
    }
    case "yarn": {
      const original = originalMaxPositions();
      const factor = parameters.positive("factor", maxPositions / original);
      return {
        type,
        factor,
        originalMaxPositions: original,
        attentionFactor: yarnAttentionFactor(parameters, factor),
        betaFast: parameters.positive("beta_fast", 32),
        betaSlow: parameters.positive("beta_slow", 1),
        truncate: parameters.flag("truncate", true),
      };
    }
    default:
      throw parameters.fault("rope_type", "one of default, linear, llama3, yarn", type);
  }
}

/** YaRN's temperature on the attention logits, arXiv:2309.00071, §3.3, as a factor on cosines and sines. */
function yarnAttentionFactor(parameters: ConfigKeys, factor: number): number {
  if (parameters.isGiven("attention_factor")) return parameters.positive("attention_factor");
  const scaleAt = (mscale: number) => (factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1);
  const mscale = parameters.number("mscale", 0);
  const mscaleAllDimensions = parameters.number("mscale_all_dim", 0);
  return mscale !== 0 && mscaleAllDimensions !== 0
    ? scaleAt(mscale) / scaleAt(mscaleAllDimensions)
    : scaleAt(1);
}

/** The keys of a config object, each read with the check of its kind; null counts as left out. */
class ConfigKeys {
  readonly #json: ConfigObject;
  readonly #path: string;
  readonly #prefix: string;

  constructor(json: ConfigObject, path: string, prefix = "") {
    this.#json = json;
    this.#path = path;
    this.#prefix = prefix;
  }

  /** Own keys only: a file must not reach what objects inherit. */
  value(key: string): unknown {
    return Object.hasOwn(this.#json, key) ? this.#json[key] : undefined;
  }

  isGiven(key: string): boolean {
    return this.value(key) !== undefined && this.value(key) !== null;
  }

  isNull(key: string): boolean {
    return this.value(key) === null;
  }

  fault(key: string, expected: string, actual: unknown): ModelConfigError {
    return new ModelConfigError({
      path: this.#path,
      key: this.#prefix + key,
      expected,
      actual: typeof actual === "number" && !Number.isFinite(actual) ? String(actual) : quote(actual),
    });
  }

  /** A whole number of at least 1. */
  size(key: string, otherwise: number): number {
    const value = this.isGiven(key) ? this.value(key) : otherwise;
    // 2^31 keeps every product of two sizes a safe integer.
    if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) >= 2 ** 31) {
      throw this.fault(key, "a whole number from 1 to 2147483647", value);
    }
    return value as number;
  }

  /** A finite number. */
  number(key: string, otherwise: number): number {
    const value = this.isGiven(key) ? this.value(key) : otherwise;
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.fault(key, "a number", value);
    return value;
  }

  /** A finite number above 0; required when there is no default. */
  positive(key: string, otherwise?: number): number {
    const value = this.isGiven(key) ? this.value(key) : otherwise;
    if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) {
      throw this.fault(key, "a number above 0", value);
    }
    return value;
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.isGiven(key) ? this.value(key) : otherwise;
    if (typeof value !== "boolean") throw this.fault(key, "true or false", value);
    return value;
  }

  text(key: string): string | null {
    if (!this.isGiven(key)) return null;
    const value = this.value(key);
    if (typeof value !== "string") throw this.fault(key, "text", value);
    return value;
  }

  /** One token id or a list of them; -1, an old spelling of "none", counts as none. */
  ids(key: string, otherwise: number | null): number[] {
    const value = this.isGiven(key) ? this.value(key) : (otherwise ?? []);
    const ids: unknown[] = Array.isArray(value) ? value : [value];
    if (!ids.every((id) => Number.isSafeInteger(id) && (id as number) >= -1)) {
      throw this.fault(key, "a token id or a list of them", value);
    }
    return (ids as number[]).filter((id) => id >= 0);
  }

  object(key: string): ConfigKeys | null {
    if (!this.isGiven(key)) return null;
    const value = this.value(key);
    if (!isObject(value)) throw this.fault(key, "an object", value);
    return this.nested(key, value);
  }

  nested(key: string, json: ConfigObject): ConfigKeys {
    return new ConfigKeys(json, this.#path, `${this.#prefix}${key}.`);
  }
}

function isObject(value: unknown): value is ConfigObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An empty object counts as left out, as in Transformers; a value of another kind is kept, to be refused by name. */
function isFilledObject(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return !isObject(value) || Object.keys(value).length > 0;
}
