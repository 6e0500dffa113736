import type { Dtype } from "@lathe/model";

/** Names of the formats a weight can be packed in. */
export type PackedFormatName = "int8" | "fp16" | "bf16";

/** Weights as a format stores them: integers, or the bit patterns of half floats. */
export type Codes = Int8Array | Uint16Array;

/**
 * How a format stores weights. A weight is its widened code, times the scale of its output row where the format has
 * scales; so a product can widen bare codes and apply the scales to its finished sums.
 */
export interface PackedFormat {
  readonly name: PackedFormatName;
  /** A few words for help texts. */
  readonly description: string;
  /** Element type of the codes in a safetensors file. */
  readonly dtype: Dtype;
  /** Bytes of one code. */
  readonly codeBytes: number;
  /** Whether each output row has a float32 scale. */
  readonly hasRowScales: boolean;
  /** Whether the output head stays in the type it is stored in: its errors reach the logits unaveraged. */
  readonly leavesHead: boolean;
  /** Smallest magnitude that the format cannot hold; only NaN and infinity where this is Infinity. */
  readonly overflowsAt: number;
  /** Bits that are all set in the codes of NaN and infinity, or null where no code means either. */
  readonly nonFiniteMask: number | null;
  /** Room for so many codes. */
  makeCodes(length: number): Codes;
  /** Scale of a row of finite weights, above 0. Only called where the format has row scales. */
  rowScale(row: Float32Array): number;
  /** Packs weights that the format can hold. @param scale of their row; 1 where the format has no row scales */
  encode(weights: Float32Array, scale: number, codes: Codes): void;
  /** Codes to float32, exactly and without their scale. */
  widen(codes: Codes, target: Float32Array): void;
}
