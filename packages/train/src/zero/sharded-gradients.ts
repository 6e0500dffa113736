import { engineInUse } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { StepGradients } from "../reduce.js";
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
  const dealt = shards.of(variables);
  const counts = shards.counts(dealt);
  const values = new Float32Array(counts.reduce((sum, count) => sum + count, 0));
  const own = new Map(
    variables.map((variable) => [variable.id, gradients.gradient(variable)?.dataSync() as Float32Array]),
  );
  let place = 0;
  for (const { variable, start, end } of dealt) {
    const gradient = own.get(variable.id);
    if (gradient) values.set(gradient.subarray(start, end), place);
    place += end - start;
  }
  for (const variable of variables) gradients.replace(variable, null);
  const sums = await shards.collective.reduceScatter(values, counts);
  let [from, squares] = [0, 0];
  for (const { rank, variable, start, end, shape } of dealt) {
    if (rank !== shards.collective.rank) continue;
    const gradient = tf.tensor(sums.slice(from, from + end - start), [...shape]);
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
