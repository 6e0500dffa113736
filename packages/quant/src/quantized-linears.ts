import { type OnWarning, phrase, type Phrase } from "@lathe/files";
import type { ReadLinear } from "@lathe/model";
import type { PackedFormatName } from "./format-names.js";
import { packedFormats } from "./packed-formats.js";
import { readAsStored, readQuantized } from "./packed-linears.js";

/**
 * What packs the linears of a model while `loadModel` reads it. Rows are read a few MiB at a time, so that no dense copy
 * of a matrix exists; half-precision weights that have the format already are taken bit for bit.
 *
 * Both int8 and nf4 take the head in 8 bits. nf4 leaves the linears that folders of `quantizeWeights` cannot hold in the
 * type they are stored in: both ways of loading give the same numbers.
 *
 * @param onWarning is told, once, of linears that the format cannot hold
 */
export function quantizedLinears(
  format: PackedFormatName,
  onWarning: OnWarning = () => undefined,
): ReadLinear {
  const { headFormat, isStorable } = packedFormats[format];
  let hasWarned = false;
  return async (weights, stored) => {
    if (stored.block === "head") return await readQuantized(weights, stored, headFormat);
    const columns = stored.shape[1];
    if (isStorable(columns)) return await readQuantized(weights, stored, format);
    if (!hasWarned) onWarning(notStorable(format, [stored.path], columns));
    hasWarned = true;
    return await readAsStored(weights, stored);
  };
}

/** A sentence about linears that a format leaves as they are. @param columns of the first of them */
export function notStorable(format: PackedFormatName, paths: readonly string[], columns: number): Phrase {
  const which =
    paths.length > 1
      ? phrase`${paths[0]} and ${paths.length - 1} more`
      : phrase`${paths[0]} and others like it`;
  return phrase`${which} stay in the type they are stored in: ${format} takes rows of a multiple of 64 weights, these have ${columns}`;
}
