import { checkWritable, OutputFolderError, phrase, recoverPlace } from "@lathe/files";
import type { ZeroMask } from "@lathe/kernels";
import {
  checkTensors,
  floatTypes,
  type LinearPlace,
  linearPlaces,
  openWeights,
  readModelConfig,
  rewriteWeights,
  type StoredWeights,
} from "@lathe/model";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { PruneError } from "./prune-error.js";
import { type ComparedWeights, pruneMask } from "./prune-mask.js";
import { checkedScores, magnitudeScores } from "./scores.js";
import type { SparsityRule } from "./sparsity.js";

/** Says which weights of a linear become zero. */
export type ChooseZeros = (place: LinearPlace, weights: StoredWeights) => Promise<ZeroMask>;

/** The weights of smallest magnitude. @param compared for a share of the weights */
export function magnitudeZeros(rule: SparsityRule, compared: ComparedWeights = "matrix"): ChooseZeros {
  return async ({ weight, shape }, weights) => {
    const values = await weights.readFloat32(weight);
    return pruneMask(checkedScores(weight, magnitudeScores(values)), shape, rule, compared);
  };
}

/** What {@link pruneWeights} reads and writes. */
export interface PruneWeightsOptions {
  /** Hugging Face model folder to read, of float weights. */
  readonly model: string;
  /** Folder to make; must not exist. */
  readonly output: string;
  readonly zeros: ChooseZeros;
  /** Tensors written so far, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two tensors; nothing is left then. */
  readonly signal?: AbortSignal;
}

/** What {@link pruneWeights} has written. */
export interface PrunedWeights {
  /** Linears that were pruned. */
  readonly linears: number;
  /** Their weights, and those of them that are zero now. */
  readonly weights: number;
  readonly zeros: number;
}

/**
 * Writes a model folder whose layers' linears have zeros, tensor by tensor: memory holds one of them. Files and types stay, and every
 * weight that is not taken away keeps its bits; embedding, head, norms and biases are left whole. Config, tokenizer, chat
 * template, generation config and licence come along. The folder appears as a whole or not at all.
 *
 * @throws ModelConfigError, WeightsError; PruneError for packed weights; OutputFolderError when `output` exists
 */
export async function pruneWeights(options: PruneWeightsOptions): Promise<PrunedWeights> {
  const { model, zeros, onProgress, signal } = options;
  const output = resolve(options.output);
  const check = async (): Promise<void> => {
    if ((await stat(output).catch(() => null)) === null) return;
    throw new OutputFolderError(
      output,
      "an output folder that does not exist",
      "one that does",
      "nothing is overwritten; choose another place",
    );
  };
  await recoverPlace(output);
  await check();
  await checkWritable(output);
  const config = await readModelConfig(model);
  const weights = await openWeights(model);
  try {
    const places = prunedPlaces(linearPlaces(config), weights);
    checkTensors(config, weights);
    const counts = { linears: places.size, weights: 0, zeros: 0 };
    await rewriteWeights({
      model,
      weights,
      output,
      check,
      called: "pruned weights",
      tensors: weights.names().map((name) => {
        const place = places.get(name);
        if (!place) return { source: name, name };
        const changeBytes = async (bytes: Uint8Array, elementBytes: number): Promise<void> => {
          const mask = await zeros(place, weights);
          mask.applyToBytes(bytes, elementBytes);
          counts.weights += place.shape[0] * place.shape[1];
          counts.zeros += mask.count();
        };
        return { source: name, name, changeBytes };
      }),
      onProgress(done, total) {
        signal?.throwIfAborted();
        onProgress?.(done, total);
      },
    });
    return counts;
  } finally {
    await weights.close();
  }
}

/** The linears that are pruned, by name of their weight. @throws PruneError for packed weights */
function prunedPlaces(places: readonly LinearPlace[], weights: StoredWeights): Map<string, LinearPlace> {
  const pruned = new Map<string, LinearPlace>();
  for (const place of places) {
    if (place.block === "head") continue;
    if (weights.has(place.weight)) {
      const { dtype } = weights.info(place.weight);
      if (!floatTypes.includes(dtype)) {
        throw new PruneError(
          phrase`${weights.pathOf(place.weight)}, tensor ${JSON.stringify(place.weight)}`,
          "weights of a float type",
          phrase`${dtype}, packed ones`,
          "prune the original weights, then quantise",
        );
      }
    }
    pruned.set(place.weight, place);
  }
  return pruned;
}
