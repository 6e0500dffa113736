import { readdir } from "node:fs/promises";
import { type Dtype, expectedTensors, linearPlaces, type ModelConfig, openWeights } from "@lathe/model";
import { blockScaledBytes, describesBlockScales } from "@lathe/quant";

/** The types in which the tensors of a model are stored, as far as plans ask. */
export interface StoredTypes {
  has(name: string): boolean;
  /** @throws WeightsError when there is no such tensor */
  info(name: string): {
    readonly dtype: Dtype;
    /** Bytes that are read of files for it, where they are of another type. */
    readonly fileBytes?: number;
  };
}

/** Names of types in a config, as PyTorch has them. */
const configTypes: Readonly<Record<string, Dtype>> = {
  bfloat16: "BF16",
  float16: "F16",
  float32: "F32",
};

/** Whether a folder has files of weights, in a format that is read or not. */
export async function hasWeights(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.some((name) => /\.(?:safetensors|safetensors\.index\.json|bin)$/.test(name));
}

/**
 * Lends the types of a folder's tensors: by the headers of its weights, or, where there is a config alone, those that its
 * architecture has, all in the type that the config names, else in float32; the linears of layers as 8-bit floats with a scale a block
 * where the config says so.
 * @throws WeightsError
 */
export async function withStoredTypes<Result>(
  folder: string,
  config: ModelConfig,
  use: (types: StoredTypes) => Result,
): Promise<Result> {
  if (!(await hasWeights(folder))) {
    const dtype = configTypes[config.dtype ?? ""] ?? "F32";
    const expected = expectedTensors(config);
    const inLayers = linearPlaces(config).filter(({ block }) => block !== "head");
    const isBlockScaled = await describesBlockScales(folder);
    const blockScaled = new Map(
      (isBlockScaled ? inLayers : []).map(({ weight, shape }) => [weight, blockScaledBytes(shape)]),
    );
    return use({
      has: (name) => expected.has(name),
      info(name) {
        const fileBytes = blockScaled.get(name);
        return fileBytes === undefined ? { dtype } : { dtype: "BF16", fileBytes };
      },
    });
  }
  const weights = await openWeights(folder);
  try {
    return use(weights);
  } finally {
    await weights.close();
  }
}
