import { ModelConfigError } from "@lathe/model";
import { readConfigText } from "./read-config-text.js";

/**
 * How a quantised folder is stored, in the words of the `compressed-tensors` format that Transformers reads: every
 * quantised linear has `weight` [O, I] in I8 and `weight_scale` [O, 1], weight ≈ weight_scale · weight, and
 * `quantization_config` in config.json says so.
 */

const METHOD = "compressed-tensors";
const STORAGE = "int-quantized";
const CONFIG_KEY = "quantization_config";

/** Path of the output head. */
export const HEAD_PATH = "lm_head";

/** The `quantization_config` of an int8 folder. */
export function int8QuantizationConfig(): Record<string, unknown> {
  return {
    config_groups: {
      group_0: {
        targets: ["Linear"],
        weights: { num_bits: 8, type: "int", symmetric: true, strategy: "channel", dynamic: false },
        input_activations: null,
        output_activations: null,
      },
    },
    format: STORAGE,
    ignore: [HEAD_PATH],
    quant_method: METHOD,
    quantization_status: "compressed",
  };
}

/**
 * Whether a model folder holds packed int8 weights, by its config.json.
 *
 * Activations that the folder wants quantised too stay float32 here: only its weights are what is read.
 * @throws ModelConfigError when there is no config, or its weights are quantised in another way
 */
export async function isPackedFolder(folder: string): Promise<boolean> {
  const { path, json } = await readConfigText(folder);
  const config = json[CONFIG_KEY];
  if (config === undefined || config === null) return false;
  const expect = (key: string, actual: unknown, expected: unknown): void => {
    if (actual === expected) return;
    throw new ModelConfigError({
      path,
      key: `${CONFIG_KEY}.${key}`,
      expected: JSON.stringify(expected),
      actual: actual === undefined ? "nothing" : JSON.stringify(actual).slice(0, 80),
      remedy: "take the model's unquantised weights and quantise those",
    });
  };
  expect("quant_method", field(config, "quant_method"), METHOD);
  expect("format", field(config, "format"), STORAGE);
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
  return true;
}

function field(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
