/** Element formats of weight matrices that kernels read in place. */
export type WeightFormat = "fp32" | "bf16" | "fp16" | "int8";

/**
 * A weight matrix [O, I], row-major. A weight is its widened code, times the scale of its row for int8.
 *
 * | format | codes | scales |
 * | --- | --- | --- |
 * | fp32 | Float32Array | null |
 * | bf16, fp16 | Uint16Array of bit patterns | null |
 * | int8 | Int8Array | Float32Array [O], finite |
 */
export interface WeightMatrix {
  readonly format: WeightFormat;
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  readonly codes: Float32Array | Uint16Array | Int8Array;
  readonly scales: Float32Array | null;
}
