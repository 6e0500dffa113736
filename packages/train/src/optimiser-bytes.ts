import { elementCount } from "@lathe/model";
import { MOMENT_BLOCK } from "@lathe/kernels";
import { LEAST_PACKED_ELEMENTS } from "./adamw-8bit.js";
import type { OptimizerName } from "./named-optimiser.js";
import { dealParameters } from "./zero/deal-parameters.js";

const FLOAT_BYTES = 4;

const twoMoments = (shape: readonly number[]): number => 2 * FLOAT_BYTES * elementCount(shape);

const bytesOf: Readonly<Record<OptimizerName, (shape: readonly number[]) => number>> = {
  adamw: twoMoments,
  adamw8bit(shape) {
    const size = elementCount(shape);
    if (size < LEAST_PACKED_ELEMENTS) return twoMoments(shape);
    return 2 * (size + Math.ceil(size / MOMENT_BLOCK) * FLOAT_BYTES);
  },
  adafactor(shape) {
    if (shape.length < 2) return FLOAT_BYTES * elementCount(shape);
    const before = elementCount(shape.slice(0, -2));
    return FLOAT_BYTES * before * (shape.at(-2)! + shape.at(-1)!);
  },
  sgd: () => 0,
};

/** See `Optimiser.grain`. */
const grainOf: Readonly<Record<OptimizerName, number | undefined>> = {
  adamw: 1,
  adamw8bit: LEAST_PACKED_ELEMENTS,
  adafactor: undefined,
  sgd: 1,
};

/** Bytes that an optimiser remembers of a parameter of a shape. */
export function optimiserBytes(optimizer: OptimizerName, shape: readonly number[]): number {
  return bytesOf[optimizer](shape);
}

/**
 * Bytes that the rank with most of them has besides the parameters themselves: copies of those of which it updates some rows.
 * @param shapes of all parameters
 */
export function cutBytes(
  optimizer: OptimizerName,
  shapes: readonly (readonly number[])[],
  ranks: number,
): number {
  return mostOfRanks(optimizer, shapes, ranks, (shape, parts) =>
    parts < 2 ? 0 : FLOAT_BYTES * elementCount(shape),
  );
}

/** Bytes that an optimiser which is dealt to ranks remembers on the rank that has most. @param shapes of all parameters */
export function shardedOptimiserBytes(
  optimizer: OptimizerName,
  shapes: readonly (readonly number[])[],
  ranks: number,
): number {
  return mostOfRanks(optimizer, shapes, ranks, (shape) => optimiserBytes(optimizer, shape));
}

/** The most that the parts of one rank come to. @param partBytes of a part of a shape, of so many that its parameter is cut into */
function mostOfRanks(
  optimizer: OptimizerName,
  shapes: readonly (readonly number[])[],
  ranks: number,
  partBytes: (shape: readonly number[], parts: number) => number,
): number {
  const bytes = new Array<number>(ranks).fill(0);
  dealParameters(shapes, ranks, grainOf[optimizer]).forEach((parts, index) => {
    for (const { rank, start, end } of parts) {
      const shape = shapes[index].length === 0 ? [] : [end - start, ...shapes[index].slice(1)];
      bytes[rank] += partBytes(shape, parts.length);
    }
  });
  return Math.max(...bytes);
}
