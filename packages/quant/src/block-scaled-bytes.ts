import { FP8_BLOCK } from "@lathe/kernels";

/** What a matrix takes in files as 8-bit floats with a float32 scale a block of 128 × 128. */
export function blockScaledBytes([rows, columns]: readonly [number, number]): number {
  const scales = Math.ceil(rows / FP8_BLOCK) * Math.ceil(columns / FP8_BLOCK);
  return rows * columns + scales * Float32Array.BYTES_PER_ELEMENT;
}
