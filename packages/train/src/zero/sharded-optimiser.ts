import { elementCount } from "@lathe/model";
import type { Collective, NumberArray } from "@lathe/distributed";
import { isRecord, parseJson } from "@lathe/files";
import { engineInUse } from "@lathe/tensor";
import { sizeOfPieces } from "../buckets.js";
import type { CreateOptimiser, GradientOf, Optimiser } from "../optimiser.js";
import type { TrainableParameter } from "../parameter.js";
import { dtypeOf, type NamedValues, type ReadValues, type SharedValues } from "../tensor-part.js";
import { copyNumbers, emptyVariable } from "../travel-memory.js";
import type { ParameterShards, Shard } from "./parameter-shards.js";

/** A parameter, or some rows of it, that this rank updates. */
interface OwnParameter {
  readonly shard: Shard;
  /** The parameter, or for some rows of one a variable that has their values during the update. */
  readonly updated: TrainableParameter;
}

/**
 * An optimiser of which every rank has the state of some parameters alone, updates those, and sends them to the others: stage 2 of
 * ZeRO (Rajbhandari et al., arXiv:1910.02054). Its checkpoints are those of the optimiser by itself.
 */
export class ShardedOptimiser implements Optimiser {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly #parameters: readonly TrainableParameter[];
  readonly #shards: ParameterShards;
  readonly #own: readonly OwnParameter[];
  readonly #optimiser: Optimiser;

  constructor(create: CreateOptimiser, parameters: readonly TrainableParameter[], shards: ParameterShards) {
    this.#parameters = parameters;
    this.#shards = shards;
    const none = create([]);
    const own = shards.deal(parameters, none.grain);
    none.dispose();
    const byVariable = new Map(parameters.map((parameter) => [parameter.variable.id, parameter]));
    this.#own = own.map((shard) => {
      const parameter = byVariable.get(shard.variable.id)!;
      if (isWhole(shard)) return { shard, updated: parameter };
      return { shard, updated: { ...parameter, variable: emptyVariable(shard.shape) } };
    });
    this.#optimiser = create(this.#own.map(({ updated }) => updated));
    this.identity = this.#optimiser.identity;
  }

  async apply(gradientOf: GradientOf, learningRate: number, gradientScale?: number): Promise<void> {
    const whole = new Map(this.#own.map(({ shard, updated }) => [updated.variable.id, shard.variable]));
    for (const { shard, updated } of this.#own) {
      if (isWhole(shard) || !gradientOf(shard.variable)) continue;
      copyNumbers(shard.variable, shard.start, updated.variable, this.#shards.own);
    }
    await this.#optimiser.apply(
      (variable) => gradientOf(whole.get(variable.id)!),
      learningRate,
      gradientScale,
    );
    await this.#gather();
  }

  state(): readonly NamedValues[] {
    return this.#optimiser.state();
  }

  readonly sharedState = async (): Promise<SharedValues[]> => {
    const own = this.#optimiser.state();
    const { collective } = this.#shards;
    const told = own.map((each) => ({ name: each.name, shape: each.shape, dtype: dtypeOf(each) }));
    const lists = await collective.allGather(new TextEncoder().encode(JSON.stringify({ told })));
    const parts = new Map<string, TensorPiece[]>();
    lists.forEach((list, rank) => {
      for (const piece of piecesOf(list)) {
        const { name } = piece;
        parts.set(name, [...(parts.get(name) ?? []), { ...piece, rank }]);
      }
    });
    return [...parts].map(([name, pieces]) => sharedValues(collective, own, name, pieces));
  };

  async restore(read: ReadValues): Promise<void> {
    const states = new Map(this.#optimiser.state().map((state) => [state.name, state]));
    await this.#optimiser.restore(async (name) => {
      const all = await read(name);
      const state = states.get(name);
      const own = this.#own.find(({ updated }) => updated.name === state?.parameter);
      if (!state || !own || isWhole(own.shard) || state.shape.length === 0) return all;
      const length = elementCount(state.shape);
      const { start, end, variable } = own.shard;
      // What belongs to more than one number each, such as the scale of a block, is as much shorter.
      const from = end === variable.size ? all.length - length : (start * length) / (end - start);
      return all.slice(from, from + length);
    });
  }

  dispose(): void {
    this.#optimiser.dispose();
    this.#shards.release(this.#parameters);
    for (const { shard, updated } of this.#own) if (!isWhole(shard)) updated.variable.dispose();
  }

  /** Gives all ranks what each has updated. */
  async #gather(): Promise<void> {
    const { collective, trained, all, own: ofRank } = this.#shards;
    const { read, write } = engineInUse().routines;
    const mine = new Set(this.#parameters.map(({ variable }) => variable.id));
    const sources = new Map(this.#own.map((each) => [each.shard.variable.id, each]));
    for (const bucket of this.#shards.buckets(trained.filter(({ id }) => mine.has(id)))) {
      const counts = this.#shards.counts(bucket);
      const own = ofRank.take(counts[collective.rank]);
      let place = 0;
      for (const { rank, variable, start, end } of bucket) {
        if (rank !== collective.rank) continue;
        const { shard, updated } = sources.get(variable.id)!;
        const part = own.subarray(place, place + end - start);
        read(updated.variable, start - shard.start, part);
        place += part.length;
      }
      const updated = await collective.allGather(own, all.take(sizeOfPieces(bucket)));
      const places = new Array<number>(collective.size).fill(0);
      for (const { rank, variable, start, end } of bucket) {
        const part = updated[rank].subarray(places[rank], places[rank] + end - start);
        places[rank] += part.length;
        // Those that this rank has whole are as they should be already.
        if (rank !== collective.rank || !isWhole(sources.get(variable.id)!.shard))
          write(variable, start, part);
      }
    }
  }
}

/** A tensor of the state as one rank has it. */
interface TensorPiece {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "F32" | "U8";
  readonly rank: number;
}

const isWhole = ({ variable, start, end }: Shard): boolean => start === 0 && end === variable.size;

/** What a rank tells of its tensors. */
function piecesOf(list: Uint8Array): Omit<TensorPiece, "rank">[] {
  const value = parseJson(new TextDecoder().decode(list));
  // The other ranks are this program.
  return isRecord(value) ? (value["told"] as Omit<TensorPiece, "rank">[]) : [];
}

/** A tensor of which the pieces of some ranks are the rows, one after the other. */
function sharedValues(
  collective: Collective,
  own: readonly NamedValues[],
  name: string,
  pieces: readonly TensorPiece[],
): SharedValues {
  const [{ dtype, shape: first }] = pieces;
  const isScalar = first.length === 0;
  const sent = isScalar ? pieces.slice(0, 1) : pieces;
  const rows = sent.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const shape = isScalar ? [] : [rows, ...first.slice(1)];
  return {
    name,
    dtype,
    shape,
    async gather() {
      const all =
        dtype === "U8" ? new Uint8Array(elementCount(shape)) : new Float32Array(elementCount(shape));
      let place = 0;
      for (const piece of sent) {
        const values: NumberArray = all.subarray(place, place + elementCount(piece.shape));
        if (piece.rank === collective.rank) values.set(own.find((each) => each.name === name)!.values);
        await collective.broadcast(values, piece.rank);
        place += values.length;
      }
      return all;
    },
  };
}
