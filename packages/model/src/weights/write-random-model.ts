import { makeFolder } from "@lathe/files";
import { elementCount } from "../element-count.js";
import { createCipheriv, createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectedTensors } from "../architectures/expected-tensors.js";
import type { ConfigObject } from "../config/config-keys.js";
import { parseModelConfig } from "../config/read-model-config.js";
import { writeSafetensors } from "./write-safetensors.js";

/** Standard deviation that Transformers draws weights with where the config has no `initializer_range`. */
const DEFAULT_RANGE = 0.02;

/**
 * Writes a model that has learnt nothing: the config as given and weights as Transformers draws them before pre-training,
 * normal with the config's `initializer_range`, gains of norms 1 and biases 0. To try a program or a machine with any
 * dimensions before a model is downloaded. It has no tokenizer. The same seed, from 0 on, gives the same weights.
 *
 * @param folder is made where it is missing; `config.json` and `model.safetensors` in it are replaced
 * @param config what `config.json` of a Hugging Face model has
 * @throws ModelConfigError when the config is of no known architecture, or incomplete
 */
export async function writeRandomModel(
  folder: string,
  config: ConfigObject,
  { seed = 0 }: { readonly seed?: number } = {},
): Promise<void> {
  const tensors = expectedTensors(parseModelConfig(config, join(folder, "config.json")));
  const range = typeof config["initializer_range"] === "number" ? config["initializer_range"] : DEFAULT_RANGE;
  await makeFolder(folder);
  await writeSafetensors(
    join(folder, "model.safetensors"),
    [...tensors].map(([name, shape]) => ({
      name,
      dtype: "F32" as const,
      shape,
      data: () => {
        const length = elementCount(shape);
        if (shape.length > 1) return normalValues(length, range, `${seed} ${name}`);
        return new Float32Array(length).fill(name.endsWith(".bias") ? 0 : 1);
      },
    })),
    { format: "pt" },
  );
  await writeFile(join(folder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
}

/** Normal values by Box and Muller, from AES-256 in counter mode under a key made of the text. */
function normalValues(length: number, deviation: number, key: string): Float32Array {
  const cipher = createCipheriv("aes-256-ctr", createHash("sha256").update(key).digest(), Buffer.alloc(16));
  const pairs = Math.ceil(length / 2);
  const bits = cipher.update(Buffer.alloc(8 * pairs));
  const values = new Float32Array(2 * pairs);
  for (let pair = 0; pair < pairs; pair++) {
    // In (0, 1], so that the logarithm is finite.
    const radius = deviation * Math.sqrt(-2 * Math.log((bits.readUInt32LE(8 * pair) + 1) / 2 ** 32));
    const angle = (2 * Math.PI * bits.readUInt32LE(8 * pair + 4)) / 2 ** 32;
    values[2 * pair] = radius * Math.cos(angle);
    values[2 * pair + 1] = radius * Math.sin(angle);
  }
  return values.subarray(0, length);
}
