import { isRecord } from "@lathe/files";
import {
  type StoredWeights,
  type Dtype,
  linearPlaces,
  type ModelConfig,
  ModelConfigError,
  openWeights,
  packedSuffixes,
  readModelConfig,
  floatTypes,
} from "@lathe/model";
import { readConfigText } from "./read-config-text.js";

/**
 * How a quantised folder is stored, in the words of two formats that Transformers reads; `quantization_config` in
 * config.json says which.
 *
 * - int8 is `compressed-tensors`: every quantised linear has `weight` [O, I] in I8 and `weight_scale` [O, 1], weight ≈
 *   weight_scale · weight.
 * - nf4 is bitsandbytes' (see nf4-tensors.ts).
 */

/** The key of config.json that describes packed weights. */
export const QUANTIZATION_KEY = "quantization_config";

const INT8_METHOD = "compressed-tensors";
const INT8_STORAGE = "int-quantized";

const NF4_METHOD = "bitsandbytes";

/** Formats that a folder can be packed in as a whole, by its config. */
export type FolderFormat = "int8" | "nf4";

/**
 * The `quantization_config` of an int8 folder.
 * @param head path of the output head, which is not packed
 */
export function int8QuantizationConfig(head: string): Record<string, unknown> {
  return {
    config_groups: {
      group_0: {
        targets: ["Linear"],
        weights: { num_bits: 8, type: "int", symmetric: true, strategy: "channel", dynamic: false },
        input_activations: null,
        output_activations: null,
      },
    },
    format: INT8_STORAGE,
    ignore: [head],
    quant_method: INT8_METHOD,
    quantization_status: "compressed",
  };
}

/**
 * The `quantization_config` of an nf4 folder, with the keys that Transformers writes but for `llm_int8_threshold`: it has no
 * meaning for 4 bits, and Transformers refuses numbers without a decimal point there, which JSON made here has not.
 * @param left paths of linears that are not packed, the head among them
 * @param computeType type that others shall compute in
 */
export function nf4QuantizationConfig(left: readonly string[], computeType: string): Record<string, unknown> {
  return {
    _load_in_4bit: true,
    _load_in_8bit: false,
    bnb_4bit_compute_dtype: computeType,
    bnb_4bit_quant_storage: "uint8",
    bnb_4bit_quant_type: "nf4",
    bnb_4bit_use_double_quant: true,
    llm_int8_enable_fp32_cpu_offload: false,
    llm_int8_has_fp16_weight: false,
    llm_int8_skip_modules: [...left],
    load_in_4bit: true,
    load_in_8bit: false,
    quant_method: NF4_METHOD,
  };
}

/**
 * What the linears of a model folder are packed in; null where they are not quantised. The weights decide: a description
 * that is left over from a quantised model beside weights of float types is passed over, and packed weights are read with
 * or without one. Where there is one, it has to be of a format that is read.
 *
 * Activations that the folder wants quantised too stay float32 here: only its weights are what is read.
 * @throws ModelConfigError when there is no config, or the weights are quantised in another way
 * @throws WeightsError when there are no weights
 */
export async function folderFormat(folder: string): Promise<FolderFormat | null> {
  const text = await readConfigText(folder);
  const config = await readModelConfig(folder);
  const weights = await openWeights(folder);
  try {
    const stored = storedFormat(config, weights);
    return stored === "float" ? null : describedFormat(text, stored);
  } finally {
    await weights.close();
  }
}

/** Whether all linears of stored weights, the head aside, are of float types. */
export function areFloatWeights(config: ModelConfig, weights: StoredWeights): boolean {
  return storedFormat(config, weights) === "float";
}

/** What the linears are, by their tensors: float, packed in a format, or neither (null). */
function storedFormat(config: ModelConfig, weights: StoredWeights): FolderFormat | "float" | null {
  const linears = linearPlaces(config).filter(({ block }) => block !== "head");
  const dtypes = linears.map(({ weight }) => (weights.has(weight) ? weights.info(weight).dtype : null));
  if (dtypes.every((dtype) => dtype !== null && floatTypes.includes(dtype))) return "float";
  const isPacked = (dtype: Dtype, companion: string): boolean =>
    linears.some(({ weight }, i) => dtypes[i] === dtype && weights.has(weight + companion));
  if (isPacked("I8", packedSuffixes.int8Scale)) return "int8";
  return isPacked("U8", packedSuffixes.nf4State) ? "nf4" : null;
}

/** The format of packed weights, held to the description in config.json where there is one. */
function describedFormat(
  { path, json }: Awaited<ReturnType<typeof readConfigText>>,
  stored: FolderFormat | null,
): FolderFormat | null {
  const config = json[QUANTIZATION_KEY];
  if (config === undefined || config === null) return stored;
  const expect: Expect = (key, actual, expected) => {
    if (actual === expected) return;
    throw new ModelConfigError({
      path,
      key: `${QUANTIZATION_KEY}.${key}`,
      expected: JSON.stringify(expected),
      actual: actual === undefined ? "nothing" : JSON.stringify(actual).slice(0, 80),
      remedy: "take the model's unquantised weights and quantise those",
    });
  };
  if (field(config, "quant_method") === NF4_METHOD) {
    checkNf4(config, expect);
    return "nf4";
  }
  checkInt8(config, expect);
  return "int8";
}

/** Whether a model folder holds packed weights that this package reads. @throws ModelConfigError as `folderFormat` does */
export async function isPackedFolder(folder: string): Promise<boolean> {
  return (await folderFormat(folder)) !== null;
}

type Expect = (key: string, actual: unknown, expected: unknown) => void;

function checkInt8(config: unknown, expect: Expect): void {
  expect("quant_method", field(config, "quant_method"), INT8_METHOD);
  expect("format", field(config, "format"), INT8_STORAGE);
  const groups = field(config, "config_groups");
  const names = isRecord(groups) ? Object.keys(groups) : [];
  if (names.length === 0) expect("config_groups", groups, "an object of groups");
  for (const name of names) {
    const weights = field(field(groups, name), "weights");
    const key = `config_groups.${name}.weights`;
    expect(`${key}.type`, field(weights, "type"), "int");
    expect(`${key}.num_bits`, field(weights, "num_bits"), 8);
    expect(`${key}.strategy`, field(weights, "strategy"), "channel");
    // Left out, the format means symmetric.
    expect(`${key}.symmetric`, field(weights, "symmetric") ?? true, true);
  }
}

function checkNf4(config: unknown, expect: Expect): void {
  // Older writers have the names with an underscore, newer ones both.
  const fourBits = field(config, "load_in_4bit") ?? field(config, "_load_in_4bit");
  expect("load_in_4bit", fourBits, true);
  // Left out, bitsandbytes means fp4.
  expect("bnb_4bit_quant_type", field(config, "bnb_4bit_quant_type") ?? "fp4", "nf4");
  expect("bnb_4bit_quant_storage", field(config, "bnb_4bit_quant_storage") ?? "uint8", "uint8");
}

function field(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
