import { engineInUse } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import { sizeOfPieces } from "../buckets.js";
import type { StepGradients } from "../reduce.js";
import { copyNumbers, emptyVariable, readPieces } from "../travel-memory.js";
import { writableGradient } from "../writable-gradient.js";
import type { ParameterShards } from "./parameter-shards.js";

/**
 * Replaces this rank's gradients by the sums over all ranks of what it updates, and gives up the others.
 * @returns the sum of the squares of what is left
 */
export async function scatterSums(
  shards: ParameterShards,
  variables: readonly tf.Variable[],
  gradients: StepGradients,
): Promise<number> {
  const { rank } = shards.collective;
  const { sumOfSquares, write } = engineInUse().routines;
  for (const bucket of shards.buckets(variables)) {
    const counts = shards.counts(bucket);
    const values = shards.all.take(sizeOfPieces(bucket));
    readPieces(bucket, (variable) => gradients.gradient(variable), values);
    const sums = await shards.collective.reduceScatter(values, counts, shards.own.take(counts[rank]));
    let place = 0;
    for (const { variable, start, end } of bucket.filter((shard) => shard.rank === rank)) {
      const part = sums.subarray(place, place + end - start);
      write(writableGradient(gradients, variable), start, part);
      place += part.length;
    }
  }
  keepOwn(shards, variables, gradients);
  return sumOfSquares(variables.flatMap((variable) => gradients.gradient(variable) ?? []));
}

/** Keeps of the sums over all ranks what this one updates. */
export function keepOwn(
  shards: ParameterShards,
  variables: readonly tf.Variable[],
  gradients: StepGradients,
): void {
  const own = new Map(
    shards
      .of(variables)
      .filter(({ rank }) => rank === shards.collective.rank)
      .map((shard) => [shard.variable.id, shard]),
  );
  for (const variable of variables) {
    const shard = own.get(variable.id);
    if (!shard) gradients.replace(variable, null);
    else if (shard.end - shard.start < variable.size) {
      const part = emptyVariable(shard.shape);
      copyNumbers(gradients.gradient(variable)!, shard.start, part, shards.own);
      gradients.replace(variable, part);
    }
  }
}
