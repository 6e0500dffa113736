import { engineInUse } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { StepGradients } from "../reduce.js";
import { copiedTensor, type TravelMemory } from "../travel-memory.js";
import type { ParameterShards } from "./parameter-shards.js";

/**
 * Replaces this rank's gradients by the sums over all ranks of what it updates, and gives up the others.
 * @returns the sum of the squares of what is left
 */
export async function scatterSums(
  shards: ParameterShards,
  variables: readonly tf.Variable[],
  gradients: StepGradients,
  memory: TravelMemory,
): Promise<number> {
  const dealt = shards.of(variables);
  const counts = shards.counts(dealt);
  const values = memory.take(counts.reduce((sum, count) => sum + count, 0));
  const places = new Map<
    tf.Variable,
    { readonly start: number; readonly end: number; readonly at: number }[]
  >();
  let place = 0;
  for (const { variable, start, end } of dealt) {
    places.set(variable, [...(places.get(variable) ?? []), { start, end, at: place }]);
    place += end - start;
  }
  for (const variable of variables) {
    const gradient = gradients.gradient(variable)?.dataSync() as Float32Array | undefined;
    for (const { start, end, at } of places.get(variable) ?? []) {
      if (gradient) values.set(gradient.subarray(start, end), at);
      else values.fill(0, at, at + end - start);
    }
    gradients.replace(variable, null);
  }
  const sums = await shards.collective.reduceScatter(values, counts);
  let [from, squares] = [0, 0];
  for (const { rank, variable, start, end, shape } of dealt) {
    if (rank !== shards.collective.rank) continue;
    const gradient = copiedTensor(sums.subarray(from, from + end - start), shape);
    gradients.replace(variable, gradient);
    squares += engineInUse().routines.sumOfSquares([gradient]);
    from += end - start;
  }
  return squares;
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
      const values = gradients.gradient(variable)!.dataSync().slice(shard.start, shard.end);
      gradients.replace(variable, tf.tensor(values, [...shard.shape]));
    }
  }
}
