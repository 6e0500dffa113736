import type { Dtype } from "@lathe/model";
import type { PackedFormatName } from "./format-names.js";
import type { Codes, MatrixFormat } from "./matrix-format.js";

/** How weights are packed in a format, and how a format stores them. */
export interface PackedFormat extends MatrixFormat {
  readonly name: PackedFormatName;
  /** A few words for help texts. */
  readonly description: string;
  /** Element type of the codes in a safetensors file. */
  readonly dtype: Dtype;
  /** Whether folders keep the output head in the type it has, as readers of the format expect. */
  readonly leavesHead: boolean;
  /** What the output head is packed in while a model is loaded. */
  readonly headFormat: PackedFormatName;
  /**
   * Whether folders can hold rows of so many columns in this format. A linear they cannot hold stays in the type it is
   * stored in, in a folder and when a model is packed while it is loaded.
   */
  isStorable(columns: number): boolean;
  /** Smallest magnitude that the format cannot hold; only NaN and infinity where this is Infinity. */
  readonly overflowsAt: number;
  /** Bits that are all set in the codes of NaN and infinity, or null where no code means either. */
  readonly nonFiniteMask: number | null;
  /** Finds the scales of a row of finite weights. Does nothing where the format has none. */
  findScales(row: Float32Array, scales: Float32Array): void;
  /**
   * Packs weights that the format can hold.
   * @param weights one row; any number of rows where the format has no scales   @param scales of the row, or null
   */
  encode(weights: Float32Array, scales: Float32Array | null, codes: Codes): void;
}
