import type { ReadLinear } from "@lathe/model";
import type { PackedFormatName } from "./packed-format.js";
import { packedFormats } from "./packed-formats.js";
import { readAsStored, readQuantized } from "./packed-linears.js";
import { HEAD_PATH } from "./quantization-config.js";

/**
 * What packs the linears of a model while `loadModel` reads it. Rows are read a few MiB at a time, so that no dense copy
 * of a matrix exists; half-precision weights that have the format already are taken bit for bit.
 *
 * int8 leaves the head in the type it is stored in, as folders that `quantizeCheckpoint` writes do: both ways of loading
 * give the same numbers.
 */
export function quantizedLinears(format: PackedFormatName): ReadLinear {
  const { leavesHead } = packedFormats[format];
  return async (checkpoint, stored) =>
    leavesHead && stored.path === HEAD_PATH
      ? await readAsStored(checkpoint, stored)
      : await readQuantized(checkpoint, stored, format);
}
