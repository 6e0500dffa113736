import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { readJsonFile } from "../config/read-small-file.js";
import { CheckpointError, quote } from "../errors.js";
import { openSafetensors, type SafetensorsFile } from "./safetensors-file.js";
import type { HeldTensor, RawTensor, RowRange, TensorInfo } from "./tensor-info.js";
import type { WeightMemory } from "./weight-memory.js";

const SINGLE_FILE = "model.safetensors";
const INDEX_FILE = "model.safetensors.index.json";

/** Longest index that is read, in bytes; the index of a model with 90,000 tensors has 9 MB. */
const INDEX_BYTES_LIMIT = 100_000_000;

/** Named tensors on disk, whichever files they lie in. Reading takes a tensor's own bytes only. */
export interface Checkpoint {
  /** File or folder the checkpoint was opened from. */
  readonly path: string;
  /** Names of all tensors. */
  names(): string[];
  /** Whether there is a tensor of that name. */
  has(name: string): boolean;
  /** @throws CheckpointError when there is no such tensor */
  info(name: string): TensorInfo;
  /** File that holds the tensor. @throws CheckpointError when there is no such tensor */
  pathOf(name: string): string;
  /**
   * A tensor, or rows of its first axis, as float32 in row-major order.
   * @throws CheckpointError when there is no such tensor, its type does not convert, or the file ends early
   */
  readFloat32(name: string, rows?: RowRange): Promise<Float32Array<ArrayBuffer>>;
  /**
   * A tensor, or rows of its first axis, as it lies in the file.
   * @param target receives the bytes from its start on, so that one buffer serves many reads; a new one if left out
   * @throws CheckpointError when there is no such tensor or the file ends early
   * @throws RangeError when rows are no rows of the tensor, or the target is too short
   */
  readRaw(name: string, rows?: RowRange, target?: Uint8Array<ArrayBuffer>): Promise<RawTensor>;
  /**
   * A tensor as it lies in the file, for as long as it is needed, also after the checkpoint is closed. With a
   * {@link Checkpoint.memory} it is a view of the mapped file, to be read only; else, and where the file does not align
   * it to its type, a copy.
   * @throws CheckpointError when there is no such tensor or the file was exchanged
   */
  hold(name: string): Promise<HeldTensor>;
  /** Where weights lie outside the JavaScript heap, or null. */
  readonly memory: WeightMemory | null;
  /** Closes the files; closing twice is harmless. Tensors that are held stay. */
  close(): Promise<void>;
}

/** How {@link openCheckpoint} opens files. */
export interface OpenCheckpointOptions {
  /** Files are mapped into it instead of read where a tensor is held. @defaultValue null */
  readonly memory?: WeightMemory | null;
}

/**
 * Opens the weights of a Hugging Face model folder: `model.safetensors`, or the shards that
 * `model.safetensors.index.json` lists. All headers are read and checked; data is read on demand.
 * @throws CheckpointError when files are missing or malformed, or the index and the shards disagree
 */
export async function openCheckpoint(
  folder: string,
  options: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    throw new CheckpointError({
      path: folder,
      expected: "a model folder",
      actual: found === null ? "no such folder" : "a file",
    });
  }
  if (await exists(join(folder, SINGLE_FILE))) {
    return await openSafetensors(join(folder, SINGLE_FILE), options);
  }
  if (await exists(join(folder, INDEX_FILE))) return await openSharded(folder, options);
  const hasPickle = await exists(join(folder, "pytorch_model.bin"));
  throw new CheckpointError({
    path: folder,
    expected: `${SINGLE_FILE} or ${INDEX_FILE}`,
    actual: hasPickle ? "only pytorch_model.bin" : "neither",
    ...(hasPickle ? { remedy: "convert the weights to safetensors: no other format is read" } : {}),
  });
}

async function openSharded(folder: string, options: OpenCheckpointOptions): Promise<Checkpoint> {
  const indexPath = join(folder, INDEX_FILE);
  const shardOf = await readWeightMap(indexPath);
  const shards = new Map<string, SafetensorsFile>();
  try {
    for (const shard of new Set(shardOf.values())) {
      const shardPath = join(folder, shard);
      if (!(await exists(shardPath))) {
        throw new CheckpointError({
          path: shardPath,
          expected: `the shard that ${INDEX_FILE} lists`,
          actual: "no such file",
          remedy: "download it too",
        });
      }
      shards.set(shard, await openSafetensors(shardPath, options));
    }
    for (const [name, shard] of shardOf) {
      if (!shards.get(shard)!.has(name)) {
        throw new CheckpointError({
          path: join(folder, shard),
          tensor: name,
          expected: `the tensor here, as ${INDEX_FILE} says`,
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
      throw new CheckpointError({
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
  const fault = (expected: string, actual: string, cause?: unknown) =>
    new CheckpointError({ path: indexPath, expected, actual, cause });
  const index = await readJsonFile(indexPath, INDEX_BYTES_LIMIT, fault);
  const weightMap = isRecord(index) && Object.hasOwn(index, "weight_map") ? index["weight_map"] : undefined;
  if (!isRecord(weightMap)) throw fault("an object weight_map from tensor to file", quote(weightMap));
  const shardOf = new Map<string, string>();
  for (const [name, shard] of Object.entries(weightMap)) {
    if (!isPlainFileName(shard)) {
      throw fault(
        "weight_map to name .safetensors files of the folder",
        `${quote(shard)} for tensor ${quote(name)}`,
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
