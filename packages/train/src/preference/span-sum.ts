import type { BranchedBatch } from "@lathe/model";

/** Σ of a span of a batch's labels, in double precision. */
export function spanSum(values: Float32Array, { spans }: Pick<BranchedBatch, "spans">, span: number): number {
  let sum = 0;
  for (let i = spans[span]; i < spans[span + 1]; i++) sum += values[i];
  return sum;
}

/** Labels of a span. */
export function spanLength({ spans }: Pick<BranchedBatch, "spans">, span: number): number {
  return spans[span + 1] - spans[span];
}
