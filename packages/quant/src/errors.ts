import { asPhrase, expectationPhrase, InputError, phrase } from "@lathe/files";
import type { PackedFormatName } from "./format-names.js";

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
    const subject = tensor === null ? asPhrase("weight") : JSON.stringify(tensor);
    const where = phrase`${subject} at [${element.join(", ")}]`;
    const expected = Number.isFinite(value)
      ? phrase`a magnitude below ${overflowsAt} to pack as ${format}`
      : phrase`a finite number to pack as ${format}`;
    const remedy = Number.isFinite(value)
      ? "choose a format with more range, such as int8"
      : "the weights are damaged, or the training that made them diverged";
    super(expectationPhrase(where, expected, String(value), remedy));
  }
}
