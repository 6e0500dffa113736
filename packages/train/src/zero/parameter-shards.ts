import type { Collective } from "@lathe/distributed";
import type * as tf from "@tensorflow/tfjs-core";
import { BUCKET_VALUES, bucketsOf, type Piece, sizeOfPieces } from "../buckets.js";
import type { TrainableParameter } from "../parameter.js";
import { TravelMemory } from "../travel-memory.js";
import { dealParameters, type ParameterPart } from "./deal-parameters.js";

/** Numbers of a variable that one rank updates. */
export interface Shard extends Piece {
  readonly rank: number;
  /** Shape of the part. */
  readonly shape: readonly number[];
}

/** Who updates what: the variables that are dealt at present. */
export class ParameterShards {
  readonly #shards = new Map<number, readonly Shard[]>();
  /** Those that had a gradient on any rank in the step at hand, in the order of the parameters. */
  trained: readonly tf.Variable[] = [];
  /** What all ranks have of a bucket. */
  readonly all = new TravelMemory();
  /** What this rank has of one. */
  readonly own = new TravelMemory();

  constructor(readonly collective: Collective) {}

  /** Deals parameters to the ranks, until they are released. @returns the shards of this rank */
  deal(parameters: readonly TrainableParameter[], grain: number | undefined): Shard[] {
    const { rank, size } = this.collective;
    const shapes = parameters.map(({ variable }) => variable.shape);
    const parts = dealParameters(shapes, size, grain);
    parameters.forEach(({ variable }, index) => {
      this.#shards.set(
        variable.id,
        parts[index].map((part) => shardOf(variable, part)),
      );
    });
    return this.of(parameters.map(({ variable }) => variable)).filter((shard) => shard.rank === rank);
  }

  release(parameters: readonly TrainableParameter[]): void {
    for (const { variable } of parameters) this.#shards.delete(variable.id);
  }

  /** The shards of variables that were dealt, by rank, and those of a rank in the order of the variables. */
  of(variables: readonly tf.Variable[]): Shard[] {
    const all = variables.flatMap(({ id }) => this.#shards.get(id) ?? []);
    return Array.from({ length: this.collective.size }, (_, rank) =>
      all.filter((shard) => shard.rank === rank),
    ).flat();
  }

  /** The shards of variables in buckets, in each of which are as many numbers of every rank as long as it has some, by rank. */
  buckets(variables: readonly tf.Variable[]): Shard[][] {
    const { size } = this.collective;
    const dealt = this.of(variables);
    const limit = Math.max(1, Math.floor(BUCKET_VALUES / size));
    const byRank = Array.from({ length: size }, (_, rank) =>
      bucketsOf(
        dealt.filter((shard) => shard.rank === rank),
        limit,
      ),
    );
    const length = Math.max(...byRank.map((buckets) => buckets.length));
    return Array.from({ length }, (_, bucket) => byRank.flatMap((buckets) => buckets[bucket] ?? []));
  }

  /** How many numbers of some shards each rank has. */
  counts(shards: readonly Shard[]): number[] {
    return Array.from({ length: this.collective.size }, (_, rank) =>
      sizeOfPieces(shards.filter((shard) => shard.rank === rank)),
    );
  }
}

function shardOf(variable: tf.Variable, { rank, start, end }: ParameterPart): Shard {
  const [rows = 1, ...rest] = variable.shape;
  const rowSize = variable.size / Math.max(rows, 1);
  return {
    variable,
    rank,
    start: start * rowSize,
    end: end * rowSize,
    shape: variable.shape.length === 0 ? [] : [end - start, ...rest],
  };
}
