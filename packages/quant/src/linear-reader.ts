import { type OnWarning, phrase } from "@lathe/files";
import { ModelConfigError, readDenseLinear, type ReadLinear } from "@lathe/model";
import { join } from "node:path";
import type { PackedFormatName } from "./format-names.js";
import { readAsStored, readPackedLinear } from "./packed-linears.js";
import { folderFormat } from "./quantization-config.js";
import { quantizedLinears } from "./quantized-linears.js";

/** How weights are held: as the folder has them, or packed while they are read. */
export type WeightFormat = "none" | PackedFormatName;

/** Half precision in place where the file is mapped, else dense float32. */
const readUnpacked: ReadLinear = async (weights, stored) =>
  await (weights.memory ? readAsStored : readDenseLinear)(weights, stored);

/**
 * What reads the linears of a model folder for `loadModel`: a packed folder as it is stored, any other packed on the fly
 * or (`"none"`) as it is: in the file's type on the native engine, which multiplies with it in place, and dense in
 * float32 on others.
 * @param onWarning is told of linears that the format cannot hold
 * @throws ModelConfigError when the folder's weights are quantised in a way that is not read, or already in another
 * format than the one asked for
 */
export async function linearReader(
  folder: string,
  format: WeightFormat,
  onWarning?: OnWarning,
): Promise<ReadLinear> {
  const stored = await folderFormat(folder);
  if (stored === null) return format === "none" ? readUnpacked : quantizedLinears(format, onWarning);
  if (format === "none" || format === stored) return readPackedLinear;
  throw new ModelConfigError({
    path: join(folder, "config.json"),
    key: "quantization_config",
    expected: phrase`a model that is not quantised, to load it as ${format}`,
    actual: phrase`${stored} weights`,
    remedy: "load it as it is stored, or take the original weights",
  });
}
