import type { Collective } from "@lathe/distributed";
import { engineInUse } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { bucketsOf } from "./buckets.js";
import { MicroBatchDealer } from "./micro-batch-dealer.js";
import type { CreateOptimiser } from "./optimiser.js";
import type { TrainableParameter } from "./parameter.js";
import type { Reduce, StepGradients } from "./reduce.js";
import type { TrainOptions } from "./train-options.js";
import { copiedTensor, TravelMemory } from "./travel-memory.js";
import { ParameterShards } from "./zero/parameter-shards.js";
import { keepOwn, scatterSums } from "./zero/sharded-gradients.js";
import { ShardedOptimiser } from "./zero/sharded-optimiser.js";

/** How {@link dataParallel} adds up. */
export interface DataParallelOptions {
  /**
   * Whether gradients are added in the order of their micro-batches, so that any number of ranks, one too, comes to the same bits. Each
   * rank then keeps the gradients of its micro-batches of a step apart, and all of them travel, rather than one sum.
   * @defaultValue false
   */
  readonly deterministic?: boolean | undefined;
  /**
   * An optimiser whose state is dealt to the ranks (stage 2 of ZeRO, Rajbhandari et al., arXiv:1910.02054): each has that of its part
   * of the parameters, is sent the sums of their gradients alone, and sends what it has made of the parameters to the others.
   * @defaultValue each rank has all of the optimiser that `train` makes
   */
  readonly sharded?: CreateOptimiser | undefined;
  /**
   * Deals the micro-batches of steps by how fast each rank is, see `MicroBatchDealer`. The sums are those of the step all the same;
   * without `deterministic` their order, and so their last bits, follow the deal. @defaultValue false: all have their turn
   */
  readonly balanced?: boolean | undefined;
  /**
   * How many ranks after one another compute every micro-batch together (tensor parallelism), each a part of its gradients: then such groups
   * share the micro-batches. Not with `deterministic`. @defaultValue 1
   */
  readonly groupSize?: number | undefined;
  /** Hears the share of a step that each rank has from the next one on, where that changes. */
  readonly onDeal?: ((shares: readonly number[]) => void) | undefined;
}

/**
 * Lets ranks share the micro-batches of every step and evaluation: rank r of n computes those with the numbers r, r + n, … unless they are
 * dealt by speed. Every rank
 * calls `train` with the same rows and settings; `gradientAccumulation` is of all ranks together, so a run is the same run on any
 * number of them.
 *
 * @param parameters that the run trains
 * @returns what `train` is given for it; an optimiser with `sharded`
 */
export function dataParallel(
  collective: Collective,
  parameters: readonly TrainableParameter[],
  { deterministic = false, sharded, balanced = false, groupSize = 1, onDeal }: DataParallelOptions = {},
): Required<Pick<TrainOptions<never, never>, "reduce" | "share">> &
  Pick<TrainOptions<never, never>, "optimiser"> {
  const { rank, size } = collective;
  const variables = parameters.map(({ variable }) => variable);
  const shards = sharded && new ParameterShards(collective);
  const groups = size / groupSize;
  const group = Math.floor(rank / groupSize);
  const dealer = new MicroBatchDealer(groups);
  const memory = new TravelMemory();
  /** The rank, or group, of each micro-batch of the step at hand. */
  let dealt: readonly number[] = [];
  const reduce: Reduce = {
    keepsApart: deterministic,
    async numbers(own) {
      const sums = Float64Array.from(own);
      if (groupSize > 1) return sumsOfGroups(await collective.allGather(sums), groupSize);
      await collective.allReduce(sums);
      return [...sums];
    },
    ...(balanced &&
      groups > 1 && {
        async computed({ tokens, seconds }) {
          const all = await collective.allGather(Float64Array.of(tokens, seconds));
          const leaders = all.filter((_, number) => number % groupSize === 0);
          const works = leaders.map(([ofRank, took]) => ({ tokens: ofRank, seconds: took }));
          const shares = dealer.note(dealt.length, works);
          if (shares) onDeal?.(shares);
        },
      }),
    async gradients(gradients, parts) {
      const own = deterministic ? parts : [gradients];
      const trained = await trainedOf(collective, variables, own);
      if (shards) shards.trained = trained;
      let squares = 0;
      for (const bucket of bucketsOf(trained)) {
        if (shards && !deterministic) {
          squares += await scatterSums(shards, bucket, gradients, memory);
          continue;
        }
        const sums = deterministic
          ? await orderedSums(collective, bucket, parts, dealt)
          : await fastSums(collective, bucket, gradients, memory);
        putInPlace(bucket, sums, gradients);
      }
      if (!shards) return undefined;
      if (!deterministic) {
        // Each rank has a part of them, also where ranks compute micro-batches together.
        const all = Float64Array.of(squares);
        await collective.allReduce(all);
        return all[0];
      }
      // Of all of them together, as where each rank keeps all: a sum of partial sums could have other bits.
      squares = engineInUse().routines.sumOfSquares(trained.map((variable) => gradients.gradient(variable)!));
      keepOwn(shards, trained, gradients);
      return squares;
    },
  };
  return {
    reduce,
    ...(shards && { optimiser: (dealt) => new ShardedOptimiser(sharded, dealt, shards) }),
    share(microBatches, tokens) {
      const ranks = dealer.deal(tokens ?? new Array<number>(microBatches).fill(1));
      if (tokens) dealt = ranks;
      return [...ranks.keys()].filter((number) => ranks[number] === group);
    },
  };
}

/** Gives the parameters of all ranks the values of the first: what began a rounding apart would stay so. */
export async function beginAlike(
  collective: Collective,
  parameters: readonly TrainableParameter[],
): Promise<void> {
  if (collective.size === 1) return;
  const memory = new TravelMemory();
  for (const { variable } of parameters) {
    const own = variable.dataSync();
    const values = memory.take(variable.size);
    values.set(own);
    await collective.broadcast(values);
    // What is alike stays in the memory that it has.
    if (values.every((value, i) => Object.is(value, own[i]))) continue;
    tf.tidy(() => {
      variable.assign(copiedTensor(values, variable.shape));
    });
  }
}

/**
 * Sums over groups whose ranks have counted the same; where one of them alone wants to stop, its group does.
 * @param all numbers of each rank, as many of all
 */
function sumsOfGroups(all: readonly Float64Array[], groupSize: number): number[] {
  return Array.from(all[0], (_, place) => {
    let sum = 0;
    for (let first = 0; first < all.length; first += groupSize) {
      sum += Math.max(...all.slice(first, first + groupSize).map((numbers) => numbers[place]));
    }
    return sum;
  });
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

const sizeOf = (variables: readonly tf.Variable[]): number =>
  variables.reduce((total, { size }) => total + size, 0);

/** Gradients of variables one after the other; zeros where there is none. @param values where they are put */
function flat(
  variables: readonly tf.Variable[],
  gradients: StepGradients,
  values: Float32Array,
): Float32Array {
  let start = 0;
  for (const variable of variables) {
    const gradient = gradients.gradient(variable);
    if (gradient) values.set(gradient.dataSync(), start);
    else values.fill(0, start, start + variable.size);
    start += variable.size;
  }
  return values;
}

async function fastSums(
  collective: Collective,
  variables: readonly tf.Variable[],
  gradients: StepGradients,
  memory: TravelMemory,
): Promise<Float32Array> {
  const sums = flat(variables, gradients, memory.take(sizeOf(variables)));
  await collective.allReduce(sums);
  return sums;
}

/** Sums in the order of micro-batches, whoever has them. @param dealt the rank of each micro-batch */
async function orderedSums(
  collective: Collective,
  variables: readonly tf.Variable[],
  parts: readonly StepGradients[],
  dealt: readonly number[],
): Promise<Float32Array> {
  const sums = new Float32Array(sizeOf(variables));
  let own = 0;
  for (const [microBatch, rank] of dealt.entries()) {
    const values = new Float32Array(sums.length);
    if (rank === collective.rank) flat(variables, parts[own++], values);
    await collective.broadcast(values, rank);
    if (microBatch === 0) sums.set(values);
    else for (let i = 0; i < sums.length; i++) sums[i] += values[i];
  }
  return sums;
}

function putInPlace(variables: readonly tf.Variable[], sums: Float32Array, gradients: StepGradients): void {
  let start = 0;
  for (const variable of variables) {
    // Its own memory is given back before, and is there for the sums.
    gradients.replace(variable, null);
    gradients.replace(variable, copiedTensor(sums.subarray(start, start + variable.size), variable.shape));
    start += variable.size;
  }
}
