import type { MatrixFormatName } from "./format-names.js";

/** Weights as a format holds them: integers, pairs of 4-bit codes, 8-bit floats, or the bit patterns of half floats. */
export type Codes = Int8Array | Uint8Array | Uint16Array;

/** Weights that share a scale: those of an output row, those of a block within a row, or none. */
export type Scaling = "row" | "block" | "none";

/**
 * How a format holds a matrix. A weight is its widened code, times its scale where the format has scales, and rounded where it
 * says so. Scales of rows can be applied to the finished sums of a product with bare codes.
 */
export interface MatrixFormat {
  readonly name: MatrixFormatName;
  /** Bytes of one element of the codes. */
  readonly codeBytes: number;
  /** What has a scale of its own. */
  readonly scaling: Scaling;
  /** Weights of a row that share a scale, where blocks have one; else 0. */
  readonly blockColumns: number;
  /** Whether the scales of a finished matrix are quantised themselves. */
  readonly nestsScales: boolean;
  /** The format that scaled weights are rounded to, in which they are exact then; null where they are not rounded. */
  readonly roundsTo: "bf16" | null;
  /** Elements of the codes of a row. */
  codesInRow(columns: number): number;
  /** Scales of a row, 0 where the format has none. */
  scalesInRow(columns: number): number;
  /** A buffer, or the stretch of one, as codes. */
  codesIn(buffer: ArrayBuffer, byteOffset?: number, length?: number): Codes;
  /** Codes of whole rows to float32, exactly and without their scales. @param columns weights of a row */
  widen(codes: Codes, columns: number, target: Float32Array): void;
}
