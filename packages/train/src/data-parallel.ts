import type { Collective } from "@lathe/distributed";
import * as tf from "@tensorflow/tfjs-core";
import type { TrainableParameter } from "./parameter.js";
import type { Reduce, StepGradients } from "./reduce.js";
import type { TrainOptions } from "./train-options.js";

/** How {@link dataParallel} adds up. */
export interface DataParallelOptions {
  /**
   * Whether gradients are added in the order of their micro-batches, so that any number of ranks, one too, comes to the same bits. Each
   * rank then keeps the gradients of its micro-batches of a step apart, and all of them travel, rather than one sum.
   * @defaultValue false
   */
  readonly deterministic?: boolean | undefined;
}

/** Values that travel at once: 64 MiB of them. */
const BUCKET_VALUES = 2 ** 24;

/**
 * Lets ranks share the micro-batches of every step and evaluation: rank r of n computes those with the numbers r, r + n, … Every rank
 * calls `train` with the same rows and settings; `gradientAccumulation` is of all ranks together, so a run is the same run on any
 * number of them.
 *
 * @param parameters that the run trains
 * @returns what `train` is given for it
 */
export function dataParallel(
  collective: Collective,
  parameters: readonly TrainableParameter[],
  { deterministic = false }: DataParallelOptions = {},
): Required<Pick<TrainOptions<never, never>, "reduce" | "share">> {
  const { rank, size } = collective;
  const variables = parameters.map(({ variable }) => variable);
  const reduce: Reduce = {
    keepsApart: deterministic,
    async numbers(own) {
      const sums = Float64Array.from(own);
      await collective.allReduce(sums);
      return [...sums];
    },
    async gradients(gradients, parts) {
      const own = deterministic ? parts : [gradients];
      for (const bucket of buckets(await trainedOf(collective, variables, own))) {
        const sums = deterministic
          ? await orderedSums(collective, bucket, parts)
          : await fastSums(collective, bucket, gradients);
        putInPlace(bucket, sums, gradients);
      }
      return undefined;
    },
  };
  return {
    reduce,
    share: (microBatches) =>
      Array.from({ length: Math.ceil(Math.max(0, microBatches - rank) / size) }, (_, i) => rank + i * size),
  };
}

/** Gives the parameters of all ranks the values of the first: what began a rounding apart would stay so. */
export async function beginAlike(
  collective: Collective,
  parameters: readonly TrainableParameter[],
): Promise<void> {
  if (collective.size === 1) return;
  for (const { variable } of parameters) {
    const values = Float32Array.from(variable.dataSync());
    await collective.broadcast(values);
    tf.tidy(() => {
      variable.assign(tf.tensor(values, variable.shape));
    });
  }
}

/** Those that have a gradient on any rank; others are not touched by the step. */
async function trainedOf(
  collective: Collective,
  variables: readonly tf.Variable[],
  own: readonly StepGradients[],
): Promise<tf.Variable[]> {
  const has = Uint8Array.from(variables, (variable) =>
    own.some((each) => each.gradient(variable) !== null) ? 1 : 0,
  );
  await collective.allReduce(has, "max");
  return variables.filter((_, index) => has[index] === 1);
}

/** Parts a list so that what travels at once stays small; a variable is in one of them whole. */
function buckets(variables: readonly tf.Variable[]): tf.Variable[][] {
  const parted: tf.Variable[][] = [];
  let values = Number.POSITIVE_INFINITY;
  for (const variable of variables) {
    if (values + variable.size > BUCKET_VALUES) {
      parted.push([]);
      values = 0;
    }
    parted[parted.length - 1].push(variable);
    values += variable.size;
  }
  return parted;
}

/** Gradients of variables one after the other; zeros where there is none. */
function flat(variables: readonly tf.Variable[], gradients: StepGradients): Float32Array {
  const values = new Float32Array(variables.reduce((total, { size }) => total + size, 0));
  let start = 0;
  for (const variable of variables) {
    const gradient = gradients.gradient(variable);
    if (gradient) values.set(gradient.dataSync(), start);
    start += variable.size;
  }
  return values;
}

async function fastSums(
  collective: Collective,
  variables: readonly tf.Variable[],
  gradients: StepGradients,
): Promise<Float32Array> {
  const sums = flat(variables, gradients);
  await collective.allReduce(sums);
  return sums;
}

/** Sums in the order of micro-batches: the first ones of all ranks by rank, then the second ones, … */
async function orderedSums(
  collective: Collective,
  variables: readonly tf.Variable[],
  parts: readonly StepGradients[],
): Promise<Float32Array> {
  const rounds = Int32Array.of(parts.length);
  await collective.allReduce(rounds, "max");
  let sums: Float32Array | null = null;
  for (let round = 0; round < rounds[0]; round++) {
    const own = round < parts.length ? flat(variables, parts[round]) : new Float32Array(0);
    for (const values of await collective.allGather(own)) {
      if (values.length === 0) continue;
      if (sums === null) sums = values.slice();
      else for (let i = 0; i < sums.length; i++) sums[i] += values[i];
    }
  }
  return sums ?? flat(variables, { gradient: () => null, replace: () => undefined });
}

function putInPlace(variables: readonly tf.Variable[], sums: Float32Array, gradients: StepGradients): void {
  let start = 0;
  for (const variable of variables) {
    const values = sums.slice(start, start + variable.size);
    gradients.replace(variable, tf.tensor(values, variable.shape));
    start += variable.size;
  }
}
