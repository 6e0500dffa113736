import {
  checkWritable,
  OutputFolderError,
  recoverPlace,
  removeJsonKey,
  replaceFile,
  replaceFolder,
  phrase,
} from "@lathe/files";
import {
  checkTensors,
  companionFiles,
  configsWithEndTokens,
  dtypeSizes,
  type LinearPlace,
  linearPlaces,
  openWeights,
  readModelConfig,
  type StoredWeights,
  floatTypes,
} from "@lathe/model";
import { copyFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { QUANTIZATION_KEY } from "../quantization-config.js";
import { SHARD_BYTES } from "../quantize-weights.js";
import { type SizedTensor, writeShards } from "../shards.js";
import { PruneError } from "./prune-error.js";
import { type ComparedWeights, pruneMask } from "./prune-mask.js";
import { checkedScores, magnitudeScores } from "./scores.js";
import type { SparsityRule } from "./sparsity.js";
import type { ZeroMask } from "@lathe/kernels";

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
  /** Bytes after which a further weight file is begun. @defaultValue {@link SHARD_BYTES} */
  readonly shardBytes?: number;
  /** Called before each tensor, and once more at the end. */
  readonly onProgress?: (done: number, total: number, tensor: string | null) => void;
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
 * Writes a model folder whose layers' linears have zeros, tensor by tensor: memory holds one of them. Types stay, and every
 * weight that is not taken away keeps its bits; embedding, head, norms and biases are left whole. Config, tokenizer, chat
 * template, generation config and licence come along. The folder appears as a whole or not at all.
 *
 * @throws ModelConfigError, WeightsError; PruneError for packed weights; OutputFolderError when `output` exists
 */
export async function pruneWeights(options: PruneWeightsOptions): Promise<PrunedWeights> {
  const { model, zeros, shardBytes = SHARD_BYTES, onProgress, signal } = options;
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
    const names = weights.names();
    let done = 0;
    const tensorOf = (name: string): SizedTensor => {
      const { dtype, shape, byteLength } = weights.info(name);
      const data = async (): Promise<Uint8Array> => {
        signal?.throwIfAborted();
        onProgress?.(done++, names.length, name);
        const { bytes } = await weights.readRaw(name);
        const place = places.get(name);
        if (place) {
          const mask = await zeros(place, weights);
          mask.applyToBytes(bytes, dtypeSizes[dtype]);
          counts.weights += place.shape[0] * place.shape[1];
          counts.zeros += mask.count();
        }
        return bytes;
      };
      return { name, dtype, shape, byteLength, data };
    };
    const fill = async (folder: string): Promise<void> => {
      const texts = await configsWithEndTokens(model);
      for (const file of await companionFiles(model)) {
        const text = texts.get(file);
        if (text === undefined) await copyFile(join(model, file), join(folder, file));
        // What is written is not packed, whatever a left-over description says.
        else
          await replaceFile(
            join(folder, file),
            file === "config.json" ? removeJsonKey(text, QUANTIZATION_KEY) : text,
          );
      }
      await writeShards(
        folder,
        names.map((name) => [tensorOf(name)]),
        shardBytes,
      );
      signal?.throwIfAborted();
    };
    await replaceFolder(output, fill, { check });
    onProgress?.(names.length, names.length, null);
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
