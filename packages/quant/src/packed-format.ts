import type { Dtype } from "@lathe/model";

/** Names of the formats a weight can be packed in. */
export type PackedFormatName = "int8" | "nf4" | "fp16" | "bf16";

/** Weights as a format stores them: integers, pairs of 4-bit codes, or the bit patterns of half floats. */
export type Codes = Int8Array | Uint8Array | Uint16Array;

/** Weights that share a scale: those of an output row, those of a block within a row, or none. */
export type Scaling = "row" | "block" | "none";

/**
 * How a format stores weights. A weight is its widened code, times its scale where the format has scales. Scales of rows
 * can be applied to the finished sums of a product with bare codes.
 *
 * Axes: O rows, I columns.
 */
export interface PackedFormat {
  readonly name: PackedFormatName;
  /** A few words for help texts. */
  readonly description: string;
  /** Element type of the codes in a safetensors file. */
  readonly dtype: Dtype;
  /** Bytes of one element of the codes. */
  readonly codeBytes: number;
  /** What has a scale of its own. */
  readonly scaling: Scaling;
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
  /** Elements of the codes of a row. */
  codesInRow(columns: number): number;
  /** Scales of a row, 0 where the format has none. */
  scalesInRow(columns: number): number;
  /** A buffer, or the stretch of one, as codes. */
  codesIn(buffer: ArrayBuffer, byteOffset?: number, length?: number): Codes;
  /** Finds the scales of a row of finite weights. Does nothing where the format has none. */
  findScales(row: Float32Array, scales: Float32Array): void;
  /**
   * Packs weights that the format can hold.
   * @param weights one row; any number of rows where the format has no scales   @param scales of the row, or null
   */
  encode(weights: Float32Array, scales: Float32Array | null, codes: Codes): void;
  /** Codes of whole rows to float32, exactly and without their scales. @param columns weights of a row */
  widen(codes: Codes, columns: number, target: Float32Array): void;
}
