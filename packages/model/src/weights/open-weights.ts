import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isRecord, readJsonFile, type Phrase, phrase } from "@lathe/files";
import { WeightsError, quote } from "../errors.js";
import { withBlockScales } from "./block-scaled-weights.js";
import type { StoredWeights, OpenWeightsOptions } from "./stored-weights.js";
import { openSafetensors, type SafetensorsFile } from "./safetensors-file.js";

const SINGLE_FILE = "model.safetensors";
const INDEX_FILE = "model.safetensors.index.json";

/** Longest index that is read, in bytes; the index of a model with 90,000 tensors has 9 MB. */
const INDEX_BYTES_LIMIT = 100_000_000;

/**
 * Opens the weights of a Hugging Face model folder: `model.safetensors`, or the shards that
 * `model.safetensors.index.json` lists. All headers are read and checked; data is read on demand.
 * Matrices of 8-bit floats with a scale a block read as the bfloat16 that they stand for.
 * @throws WeightsError when files are missing or malformed, or the index and the shards disagree
 */
export async function openWeights(folder: string, options: OpenWeightsOptions = {}): Promise<StoredWeights> {
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    throw new WeightsError({
      path: folder,
      expected: "a model folder",
      actual: found === null ? "no such folder" : "a file",
    });
  }
  if (await exists(join(folder, SINGLE_FILE))) {
    return withBlockScales(await openSafetensors(join(folder, SINGLE_FILE), options));
  }
  if (await exists(join(folder, INDEX_FILE))) return withBlockScales(await openSharded(folder, options));
  const hasPickle = await exists(join(folder, "pytorch_model.bin"));
  throw new WeightsError({
    path: folder,
    expected: phrase`${SINGLE_FILE} or ${INDEX_FILE}`,
    actual: hasPickle ? "only pytorch_model.bin" : "neither",
    ...(hasPickle ? { remedy: "convert the weights to safetensors: no other format is read" } : {}),
  });
}

async function openSharded(folder: string, options: OpenWeightsOptions): Promise<StoredWeights> {
  const indexPath = join(folder, INDEX_FILE);
  const shardOf = await readWeightMap(indexPath);
  const shards = new Map<string, SafetensorsFile>();
  try {
    for (const shard of new Set(shardOf.values())) {
      const shardPath = join(folder, shard);
      if (!(await exists(shardPath))) {
        throw new WeightsError({
          path: shardPath,
          expected: phrase`the shard that ${INDEX_FILE} lists`,
          actual: "no such file",
          remedy: "download it too",
        });
      }
      shards.set(shard, await openSafetensors(shardPath, options));
    }
    for (const [name, shard] of shardOf) {
      if (!shards.get(shard)!.has(name)) {
        throw new WeightsError({
          path: join(folder, shard),
          tensor: name,
          expected: phrase`the tensor here, as ${INDEX_FILE} says`,
          actual: "no such tensor",
          remedy: "index and shards are not of the same model; download them again",
        });
      }
    }
  } catch (error) {
    await closeAll(shards.values());
    throw error;
  }

  const fileOf = (name: string): SafetensorsFile => {
    const shard = shardOf.get(name);
    if (shard === undefined) {
      throw new WeightsError({
        path: folder,
        tensor: name,
        expected: "the tensor",
        actual: "no such tensor",
      });
    }
    return shards.get(shard)!;
  };
  return {
    path: folder,
    names: () => [...shardOf.keys()],
    has: (name) => shardOf.has(name),
    info: (name) => fileOf(name).info(name),
    pathOf: (name) => fileOf(name).path,
    readFloat32: async (name, rows) => await fileOf(name).readFloat32(name, rows),
    readRaw: async (name, rows, target) => await fileOf(name).readRaw(name, rows, target),
    hold: async (name) => await fileOf(name).hold(name),
    memory: options.memory ?? null,
    close: async () => await closeAll(shards.values()),
  };
}

/** Which shard holds which tensor. A shard is a plain file name: an index must not lead out of its folder. */
async function readWeightMap(indexPath: string): Promise<Map<string, string>> {
  const fault = (expected: string | Phrase, actual: string | Phrase, cause?: unknown) =>
    new WeightsError({ path: indexPath, expected, actual, cause });
  const index = await readJsonFile(indexPath, { limit: INDEX_BYTES_LIMIT, makeFault: fault });
  const weightMap = isRecord(index) && Object.hasOwn(index, "weight_map") ? index["weight_map"] : undefined;
  if (!isRecord(weightMap)) throw fault("an object weight_map from tensor to file", quote(weightMap));
  const shardOf = new Map<string, string>();
  for (const [name, shard] of Object.entries(weightMap)) {
    if (!isPlainFileName(shard)) {
      throw fault(
        "weight_map to name .safetensors files of the folder",
        phrase`${quote(shard)} for tensor ${quote(name)}`,
      );
    }
    shardOf.set(name, shard);
  }
  if (shardOf.size === 0) throw fault("a weight_map with tensors", "an empty one");
  return shardOf;
}

function isPlainFileName(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.endsWith(".safetensors") &&
    !/[\\/:\0]/.test(value) &&
    basename(value) === value
  );
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function closeAll(files: Iterable<SafetensorsFile>): Promise<void> {
  await Promise.all([...files].map((file) => file.close()));
}
