/** Element formats of weight matrices that kernels read in place. */
export type ElementFormat = "fp32" | "bf16" | "fp16" | "int8" | "nf4" | "fp8";

/** Weights that share a scale in nf4 (arXiv:2305.14314, §3). */
export const NF4_BLOCK = 64;

/** Scales of nf4 that share a scale of their own (double quantisation, same place). */
export const NF4_SCALE_GROUP = 256;

/** Scales that are quantised themselves: scale b = offset + scales[⌊b / 256⌋] · map[codes[b]]. */
export interface NestedScales {
  /** One a block. */
  readonly codes: Uint8Array;
  /** One for each 256 codes. */
  readonly scales: Float32Array;
  /** What the 256 codes stand for. */
  readonly map: Float32Array;
  readonly offset: number;
}

/**
 * A weight matrix [O, I], row-major.
 *
 * | format | codes | scales | weight |
 * | --- | --- | --- | --- |
 * | fp32 | Float32Array | null | code |
 * | bf16, fp16 | Uint16Array of bit patterns | null | code, widened |
 * | int8 | Int8Array | Float32Array [O], finite | scale of its row · code |
 * | nf4 | Uint8Array [O, ⌈I/2⌉], first of two codes in the high half | Float32Array [O, ⌈I/64⌉], or null with `nested` | scale of its block · place of the code book |
 * | fp8 | Uint8Array, e4m3 (arXiv:2209.05433) | Float32Array [O, ⌈I/128⌉], finite | scale of its block · code, rounded to bfloat16 |
 *
 * Blocks of nf4 and fp8 start anew in each row; where 64 divides I that of nf4 is the layout of bitsandbytes.
 */
export interface WeightMatrix {
  readonly format: ElementFormat;
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  readonly codes: Float32Array | Uint16Array | Int8Array | Uint8Array;
  readonly scales: Float32Array | null;
  /** Only for nf4 without `scales`. */
  readonly nested?: NestedScales | undefined;
}
