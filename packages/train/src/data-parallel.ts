import type { Collective } from "@lathe/distributed";
import { engineInUse } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import { bucketsOf, type Piece, sizeOfPieces, wholePieces } from "./buckets.js";
import { MicroBatchDealer } from "./micro-batch-dealer.js";
import type { CreateOptimiser } from "./optimiser.js";
import type { TrainableParameter } from "./parameter.js";
import type { Reduce, StepGradients } from "./reduce.js";
import type { TrainOptions } from "./train-options.js";
import { readPieces, TravelMemory } from "./travel-memory.js";
import { writableGradient } from "./writable-gradient.js";
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
  const memory = { sums: new TravelMemory(), part: new TravelMemory() };
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
      if (shards && !deterministic) {
        // Each rank has a part of them, also where ranks compute micro-batches together.
        const squares = Float64Array.of(await scatterSums(shards, trained, gradients));
        await collective.allReduce(squares);
        return squares[0];
      }
      for (const bucket of bucketsOf(wholePieces(trained))) {
        const sums = deterministic
          ? await orderedSums(collective, bucket, parts, { dealt, memory })
          : await fastSums(collective, bucket, gradients, memory.sums);
        putInPlace(bucket, sums, gradients);
      }
      if (!shards) return undefined;
      // Of all of them together, as where each rank keeps all: a sum of partial sums could have other bits.
      const all = trained.map((variable) => gradients.gradient(variable)!);
      const squares = engineInUse().routines.sumOfSquares(all);
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
  const [sent, kept] = [new TravelMemory(), new TravelMemory()];
  const { read, write } = engineInUse().routines;
  for (const piece of bucketsOf(wholePieces(parameters.map(({ variable }) => variable))).flat()) {
    const { variable, start, end } = piece;
    const values = sent.take(end - start);
    read(variable, start, values);
    const own = kept.take(values.length);
    own.set(values);
    await collective.broadcast(values);
    // What is alike stays in the memory that it has.
    if (!values.every((value, i) => Object.is(value, own[i]))) write(variable, start, values);
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

async function fastSums(
  collective: Collective,
  pieces: readonly Piece[],
  gradients: StepGradients,
  memory: TravelMemory,
): Promise<Float32Array> {
  const sums = memory.take(sizeOfPieces(pieces));
  readPieces(pieces, (variable) => gradients.gradient(variable), sums);
  await collective.allReduce(sums);
  return sums;
}

/** Sums in the order of micro-batches, whoever has them. @param dealt the rank of each micro-batch */
async function orderedSums(
  collective: Collective,
  pieces: readonly Piece[],
  parts: readonly StepGradients[],
  {
    dealt,
    memory,
  }: {
    readonly dealt: readonly number[];
    readonly memory: { readonly sums: TravelMemory; readonly part: TravelMemory };
  },
): Promise<Float32Array> {
  const sums = memory.sums.take(sizeOfPieces(pieces));
  let own = 0;
  for (const [microBatch, rank] of dealt.entries()) {
    const values = microBatch === 0 ? sums : memory.part.take(sums.length);
    if (rank === collective.rank) {
      const part = parts[own++];
      readPieces(pieces, (variable) => part.gradient(variable), values);
    }
    await collective.broadcast(values, rank);
    if (microBatch > 0) for (let i = 0; i < sums.length; i++) sums[i] += values[i];
  }
  return sums;
}

function putInPlace(pieces: readonly Piece[], sums: Float32Array, gradients: StepGradients): void {
  let place = 0;
  for (const { variable, start, end } of pieces) {
    const values = sums.subarray(place, place + end - start);
    engineInUse().routines.write(writableGradient(gradients, variable), start, values);
    place += values.length;
  }
}
