import { statIfThere } from "@lathe/files";
import { expectedTensors, float32ToBfloat16, type TensorToWrite, writeSafetensors } from "@lathe/model";
import { type PackedFormatName, quantizeWeights } from "@lathe/quant";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { huggingFaceConfig, modelConfig, type ModelSize } from "../shared/model-sizes.js";
import { randomMatrix } from "../shared/random-weights.js";

/** Raised when what is written changes, so that folders of earlier versions are not taken for it. */
const VERSION = 1;

/** A folder of random weights in bf16, as models are published; written once and kept. */
export async function bf16Folder(cache: string, size: ModelSize): Promise<string> {
  const folder = join(cache, `${size}-bf16-v${VERSION}`);
  if ((await statIfThere(folder)) !== null) return folder;
  console.error(`Writing random weights to ${folder} …`);
  const beside = `${folder}.${process.pid}.tmp`;
  await mkdir(beside, { recursive: true });
  try {
    let stream = 0;
    const tensors = [...expectedTensors(modelConfig(size))].map(([name, shape]): TensorToWrite => {
      const own = ++stream;
      return { name, dtype: "BF16", shape, data: () => weights(name, shape, own) };
    });
    await writeSafetensors(join(beside, "model.safetensors"), tensors, { format: "pt" });
    const config = { ...huggingFaceConfig(size), torch_dtype: "bfloat16" };
    await writeFile(join(beside, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
    await rename(beside, folder);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/** Random matrices and biases; norms of ones, as fresh models have them. */
function weights(name: string, shape: readonly number[], stream: number): Uint16Array {
  if (shape.length === 2) return randomMatrix("bf16", [shape[0], shape[1]], stream).codes as Uint16Array;
  if (name.endsWith("bias")) return randomMatrix("bf16", [1, shape[0]], stream).codes as Uint16Array;
  const ones = new Uint16Array(shape[0]);
  float32ToBfloat16(new Float32Array(shape[0]).fill(1), ones);
  return ones;
}

/** The same weights packed by `quantizeWeights`; written once and kept. */
export async function packedFolder(
  cache: string,
  size: ModelSize,
  format: PackedFormatName,
): Promise<string> {
  const source = await bf16Folder(cache, size);
  if (format === "bf16") return source;
  const output = join(cache, `${size}-${format}-v${VERSION}`);
  if ((await statIfThere(output)) !== null) return output;
  console.error(`Packing them as ${format} …`);
  await quantizeWeights({ model: source, output, format });
  return output;
}
