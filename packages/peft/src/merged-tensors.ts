import { ZeroMask } from "@lathe/kernels";
import { phrase } from "@lathe/files";
import {
  elementCount,
  floatTypes,
  headPlace,
  type ModelConfig,
  type RowRange,
  type StoredWeights,
} from "@lathe/model";
import type { StoredAdapter } from "./adapter-folder.js";
import { AdapterFileError } from "./errors.js";
import { mergeIntoWeight } from "./merged-weight.js";
import type { LoraTarget } from "./select-targets.js";
import { wholeTensors } from "./whole-tensors.js";

/** A tensor of a model with an adapter merged into it. */
export interface MergedTensor {
  /** Name of the stored tensor that it comes from. */
  readonly source: string;
  /** Its name in the merged model: that of `source`, but for a head that was tied. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether its values are others than the stored ones. */
  readonly isChanged: boolean;
  /** Its values, or those of some rows, in float32: the sum is made in double precision and rounded once. */
  read(rows?: RowRange): Promise<Float32Array>;
}

/** The tensors of a merged model, and whether its head is no longer its embedding. */
export interface MergedTensors {
  readonly tensors: readonly MergedTensor[];
  /** Tensors with other values than the base's. */
  readonly changed: number;
  readonly unties: boolean;
}

/**
 * The tensors of a model with an adapter merged into it, to be read one after the other or by rows; without one those of the model.
 *
 * An adapter on the output head of a model with tied embeddings, and one that has trained head or embedding as a whole, makes the
 * head a tensor of its own, as the embedding is not changed with it.
 *
 * @throws AdapterFileError when a weight that is to be changed is packed or of another shape
 */
export function mergedTensors(
  weights: StoredWeights,
  config: ModelConfig,
  stored: StoredAdapter | null,
): MergedTensors {
  const head = headPlace(config);
  const whole = new Map(
    stored === null
      ? []
      : wholeTensors(config, stored).map(({ name, storedName }) => [name, stored.whole.get(storedName)!]),
  );
  // The head and the embedding part where one of them is changed without the other.
  const isChanged =
    stored?.matrices.has(head.path) || whole.has(`${head.path}.weight`) || whole.has(head.weight);
  const unties = config.tieWordEmbeddings && isChanged === true;
  const headWeight = unties ? `${head.path}.weight` : null;
  const targets = new Map((stored?.targets ?? []).map((target) => [`${target.path}.weight`, target]));
  const planned = (source: string, name: string): MergedTensor => {
    const { shape } = weights.info(source);
    const trained = whole.get(name);
    if (trained) {
      checkFloat(weights, source);
      const columns = elementCount(shape.slice(1));
      return {
        source,
        name,
        shape,
        isChanged: true,
        read: (rows) =>
          Promise.resolve(rows ? trained.slice(rows.start * columns, rows.end * columns) : trained.slice()),
      };
    }
    const target = targets.get(name);
    if (!target) {
      return { source, name, shape, isChanged: false, read: (rows) => weights.readFloat32(source, rows) };
    }
    checkTarget(weights, source, target);
    return {
      source,
      name,
      shape,
      isChanged: true,
      read: async (rows) => {
        const values = await weights.readFloat32(source, rows);
        addUpdate(values, stored!, target, rows ?? { start: 0, end: target.shape[0] });
        return values;
      },
    };
  };
  // A head that a tied model stores all the same is not its head, and gives way to the one that has been changed.
  const tensors = weights
    .names()
    .filter((name) => name !== headWeight)
    .map((name) => planned(name, name));
  if (unties) tensors.push(planned(head.weight, `${head.path}.weight`));
  return { tensors, changed: (stored?.targets.length ?? 0) + whole.size, unties };
}

/** Adds what an adapter changes in some rows of a weight. */
function addUpdate(
  values: Float32Array,
  { config, matrices }: StoredAdapter,
  target: LoraTarget,
  { start, end }: RowRange,
): void {
  const shape = [end - start, target.shape[1]] as const;
  const { a, b, magnitude } = matrices.get(target.path)!;
  mergeIntoWeight(values, shape, [
    {
      ...target,
      a,
      b: b.subarray(start * target.rank, end * target.rank),
      magnitude: magnitude && magnitude.subarray(start, end),
      zeros: config.keepSparsity ? ZeroMask.of(values, shape) : null,
    },
  ]);
}

function checkFloat(weights: StoredWeights, source: string): void {
  if (floatTypes.includes(weights.info(source).dtype)) return;
  throw new AdapterFileError({
    path: weights.pathOf(source),
    tensor: source,
    expected: phrase`a tensor of ${floatTypes.join(", ")}, which the adapter has trained as a whole`,
    actual: weights.info(source).dtype,
    remedy: "merge into the model before it is quantised",
  });
}

function checkTarget(weights: StoredWeights, source: string, { shape, path }: LoraTarget): void {
  const info = weights.info(source);
  const fits =
    floatTypes.includes(info.dtype) &&
    info.shape.length === 2 &&
    shape.every((size, i) => size === info.shape[i]);
  if (fits) return;
  throw new AdapterFileError({
    path: weights.pathOf(source),
    tensor: source,
    expected: phrase`a weight of ${floatTypes.join(", ")} with shape [${shape.join(", ")}] for the adapter on ${path}`,
    actual: `${info.dtype} [${info.shape.join(", ")}]`,
    remedy: "merge into the model before it is quantised",
  });
}
