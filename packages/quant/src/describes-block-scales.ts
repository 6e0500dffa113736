import { isRecord } from "@lathe/files";
import { FP8_BLOCK } from "@lathe/kernels";
import { QUANTIZATION_KEY } from "./quantization-config.js";
import { readConfigText } from "./read-config-text.js";

/**
 * Whether a folder's config.json says that the linears of its layers are stored as 8-bit floats with a scale a block, as DeepSeek-V3's and
 * R1's are (arXiv:2412.19437, §3.3.2). Of a folder with weights, these decide.
 * @throws ModelConfigError when there is no config
 */
export async function describesBlockScales(folder: string): Promise<boolean> {
  const { json } = await readConfigText(folder);
  const described = json[QUANTIZATION_KEY];
  if (!isRecord(described) || described["quant_method"] !== "fp8") return false;
  const sides = described["weight_block_size"];
  return Array.isArray(sides) && sides.length === 2 && sides.every((side) => side === FP8_BLOCK);
}
