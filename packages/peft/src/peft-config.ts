import { phrase } from "@lathe/files";
import type { Phrase } from "@lathe/files";
/** The content of PEFT's adapter_config.json, and what of it Lathe understands. */
import { LoraConfigError, quote } from "./errors.js";
import { layerNumbers, type LoraConfig, resolveLoraConfig } from "./lora-config.js";

/** Release of PEFT whose keys are written. */
const PEFT_VERSION = "0.21.0";

/** Keys of adapter_config.json for those of a {@link LoraConfig}. */
const peftKeys: Readonly<Record<string, string>> = {
  rank: "r",
  alpha: "lora_alpha",
  dropout: "lora_dropout",
  targets: "target_modules",
  useRslora: "use_rslora",
  useDora: "use_dora",
  rankPattern: "rank_pattern",
  alphaPattern: "alpha_pattern",
  layers: "layers_to_transform",
  excludeModules: "exclude_modules",
  bias: "bias",
  modulesToSave: "modules_to_save",
  keepSparsity: "keep_sparsity",
};

/** Values that PEFT assumes where an adapter_config.json says nothing. */
const peftDefaults: Partial<LoraConfig> = {
  rank: 8,
  alpha: 8,
  dropout: 0,
  useRslora: false,
  useDora: false,
  rankPattern: {},
  alphaPattern: {},
  layers: null,
  excludeModules: null,
  bias: "none",
  modulesToSave: null,
  keepSparsity: false,
};

/** Keys whose value has no influence on what an adapter computes once it is trained. */
const harmlessKeys: readonly string[] = [
  "auto_mapping",
  "base_model_name_or_path",
  "corda_config",
  "eva_config",
  "inference_mode",
  "lora_ga_config",
  "loftq_config",
  "megatron_core",
  "peft_version",
  "qalora_group_size",
  "revision",
  "runtime_config",
];

/** Keys with the values other than the neutral ones that Lathe follows. */
const acceptedValues: Readonly<Record<string, readonly unknown[]>> = {
  peft_type: ["LORA"],
  task_type: [null, "CAUSAL_LM"],
  // Others than these alter the base's weights when PEFT loads the adapter.
  init_lora_weights: [true, false, "gaussian", "eva", "orthogonal"],
  // The only list of layers that the models have.
  layers_pattern: [null, "", "layers"],
};

/** A value of adapter_config.json that Lathe cannot follow. */
export interface PeftConfigFault {
  readonly key: string;
  readonly expected: string | Phrase;
  readonly actual: string | Phrase;
}

/** What an adapter_config.json says. */
export interface PeftConfig {
  readonly config: LoraConfig;
  /** Name or folder of the model that the adapter was trained on, if stated. */
  readonly baseModel: string | null;
}

/**
 * The content of adapter_config.json for a config, with every key that PEFT writes.
 * @param config with roles written out as names
 */
export function toPeftConfig(config: LoraConfig, baseModel: string | null): Record<string, unknown> {
  const sorted = (modules: string | readonly string[] | null): string | string[] | null =>
    modules === null || typeof modules === "string" ? modules : [...modules].sort();
  const values: Record<string, unknown> = {
    alora_invocation_tokens: null,
    alpha_pattern: { ...config.alphaPattern },
    arrow_config: null,
    auto_mapping: null,
    base_model_name_or_path: baseModel,
    bias: config.bias,
    corda_config: null,
    ensure_weight_tying: false,
    eva_config: null,
    exclude_modules: sorted(config.excludeModules),
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    kasa_config: null,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: layerNumbers(config.layers),
    loftq_config: {},
    lora_alpha: config.alpha,
    lora_bias: false,
    lora_dropout: config.dropout,
    lora_ga_config: null,
    megatron_config: null,
    megatron_core: "megatron.core",
    modules_to_save: sorted(config.modulesToSave),
    monteclora_config: null,
    peft_type: "LORA",
    peft_version: PEFT_VERSION,
    qalora_group_size: 16,
    r: config.rank,
    rank_pattern: { ...config.rankPattern },
    revision: null,
    target_modules: sorted(config.targets),
    target_parameters: null,
    task_type: "CAUSAL_LM",
    trainable_token_indices: null,
    use_bdlora: null,
    use_dora: config.useDora,
    use_qalora: false,
    use_rslora: config.useRslora,
    velora_config: null,
  };
  // PEFT warns of keys that it does not know: only an adapter that needs the key has it.
  if (config.keepSparsity) values["keep_sparsity"] = true;
  return values;
}

/**
 * Reads the content of an adapter_config.json.
 *
 * A key that Lathe does not know, or whose effect it does not have, is passed over while its value is null, false or
 * empty, as PEFT writes options that are off; any other value is refused.
 *
 * @param values the parsed file
 * @returns the config, or the first fault
 */
export function fromPeftConfig(values: Readonly<Record<string, unknown>>): PeftConfig | PeftConfigFault {
  if (!Object.hasOwn(values, "peft_type")) {
    return { key: "peft_type", expected: '"LORA"', actual: "nothing" };
  }
  const known = Object.values(peftKeys);
  for (const [key, value] of Object.entries(values)) {
    if (known.includes(key) || harmlessKeys.includes(key)) continue;
    const accepted = Object.hasOwn(acceptedValues, key) ? acceptedValues[key] : null;
    if (accepted ? accepted.includes(key === "layers_pattern" ? unwrapped(value) : value) : isNeutral(value))
      continue;
    const expected = accepted
      ? phrase`one of ${accepted.map(quote).join(", ")}`
      : "null, false or nothing: Lathe does not have this option";
    return { key, expected, actual: quote(value) };
  }
  const baseModel = values["base_model_name_or_path"];
  try {
    return {
      config: resolveLoraConfig(loraOptions(values)),
      baseModel: typeof baseModel === "string" && baseModel !== "" ? baseModel : null,
    };
  } catch (error) {
    if (error instanceof LoraConfigError) return peftFault(error);
    throw error;
  }
}

/** The same fault under PEFT's name of the key. */
export function peftFault({
  key,
  expectedPhrase: expected,
  actualPhrase: actual,
}: LoraConfigError): PeftConfigFault {
  const [name, ...rest] = key.split(".");
  return { key: [peftKeys[name] ?? name, ...rest].join("."), expected, actual };
}

function loraOptions(values: Readonly<Record<string, unknown>>): Partial<LoraConfig> {
  const options: Record<string, unknown> = { ...peftDefaults };
  for (const [key, peftKey] of Object.entries(peftKeys)) {
    const value = Object.hasOwn(values, peftKey) ? values[peftKey] : undefined;
    if (value !== undefined && (value !== null || !(key in peftDefaults))) options[key] = value;
  }
  // PEFT takes an empty list, or one number, for what a list of one or null says.
  const { layers, excludeModules } = options;
  if (typeof layers === "number") options["layers"] = [layers];
  if (isEmpty(layers)) options["layers"] = null;
  if (isEmpty(excludeModules)) options["excludeModules"] = null;
  if (isEmpty(options["modulesToSave"])) options["modulesToSave"] = null;
  return options;
}

function isNeutral(value: unknown): boolean {
  if (value === null || value === false || isEmpty(value)) return true;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function isEmpty(value: unknown): boolean {
  return value === "" || (Array.isArray(value) && value.length === 0);
}

/** The only value of a list of one, null for an empty list; anything else as it is. */
function unwrapped(value: unknown): unknown {
  if (!Array.isArray(value) || value.length > 1) return value;
  return value.length === 0 ? null : (value[0] as unknown);
}
