import { InputError } from "@lathe/files";
import type { PackedFormatName } from "./packed-format.js";

/** A weight that a format cannot hold. */
export class QuantizationError extends InputError {
  override readonly name = "QuantizationError";

  constructor(
    readonly format: PackedFormatName,
    /** Name of the tensor, or null where it has none. */
    readonly tensor: string | null,
    /** Row and column of the weight. */
    readonly element: readonly [row: number, column: number],
    readonly value: number,
    /** Smallest magnitude that the format cannot hold. */
    overflowsAt: number,
  ) {
    const where = `${tensor === null ? "weight" : JSON.stringify(tensor)} at [${element.join(", ")}]`;
    const expected = Number.isFinite(value) ? `a magnitude below ${overflowsAt}` : "a finite number";
    const remedy = Number.isFinite(value)
      ? "choose a format with more range, such as int8"
      : "the weights are damaged, or the training that made them diverged";
    super(`${where}: expected ${expected} to pack as ${format}, got ${value}; ${remedy}`);
  }
}
