import { MOMENT_BLOCK } from "@lathe/kernels";
import { LEAST_PACKED_ELEMENTS } from "./adamw-8bit.js";
import type { OptimizerName } from "./named-optimiser.js";

const FLOAT_BYTES = 4;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const twoMoments = (shape: readonly number[]): number => 2 * FLOAT_BYTES * sizeOf(shape);

const bytesOf: Readonly<Record<OptimizerName, (shape: readonly number[]) => number>> = {
  adamw: twoMoments,
  adamw8bit(shape) {
    const size = sizeOf(shape);
    if (size < LEAST_PACKED_ELEMENTS) return twoMoments(shape);
    return 2 * (size + Math.ceil(size / MOMENT_BLOCK) * FLOAT_BYTES);
  },
  adafactor(shape) {
    if (shape.length < 2) return FLOAT_BYTES * sizeOf(shape);
    const before = sizeOf(shape.slice(0, -2));
    return FLOAT_BYTES * before * (shape.at(-2)! + shape.at(-1)!);
  },
};

/** Bytes that an optimiser remembers of a parameter of a shape. */
export function optimiserBytes(optimizer: OptimizerName, shape: readonly number[]): number {
  return bytesOf[optimizer](shape);
}
