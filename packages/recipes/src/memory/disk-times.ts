import { dtypeSizes, elementCount, expectedTensors, type ModelConfig } from "@lathe/model";
import { parseBytes } from "@lathe/train";
import { expectation, RecipeError } from "../recipe-error.js";
import { withStoredTypes } from "../model/stored-types.js";
import { trainedBytes, type TrainedOptions } from "./trained-bytes.js";

/** What a run reads and writes, and how long a disk takes for it. Sizes are bytes. */
export interface DiskTimes {
  readonly bytesPerSecond: number;
  /** Of the weights in the folder, which are read at the start. */
  readonly weightBytes: number;
  readonly secondsToLoad: number;
  /** What is trained and what the optimiser remembers of it. */
  readonly checkpointBytes: number;
  readonly secondsPerCheckpoint: number;
}

/** Bytes a second of a `disk` field, such as `"3GB/s"`. @throws RecipeError */
export function diskRate(disk: number | string): number {
  const rate = typeof disk === "number" ? disk : parseBytes(disk.trim().replace(/ ?\/ ?s$/i, ""));
  if (rate !== null && rate > 0 && Number.isFinite(rate)) return rate;
  throw new RecipeError([expectation("disk", "bytes a second, or a rate such as 3GB/s", String(disk))]);
}

/**
 * How long a disk takes for what a run reads and writes: the time of the bytes alone.
 * @throws RecipeError, WeightsError, LoraConfigError
 */
export async function diskTimes(
  disk: number | string,
  model: { readonly path: string; readonly config: ModelConfig },
  trained: TrainedOptions,
): Promise<DiskTimes> {
  const bytesPerSecond = diskRate(disk);
  const { path, config } = model;
  const { adapter, trainedWeights, optimizer } = trainedBytes(config, trained);
  const checkpointBytes = adapter + trainedWeights + optimizer;
  const weightBytes = await withStoredTypes(path, config, (types) => {
    const bytesOf = ([name, shape]: [string, readonly number[]]): number => {
      if (!types.has(name)) return 0;
      const { dtype, fileBytes } = types.info(name);
      return fileBytes ?? dtypeSizes[dtype] * elementCount(shape);
    };
    return [...expectedTensors(config)].map(bytesOf).reduce((sum, bytes) => sum + bytes, 0);
  });
  return {
    bytesPerSecond,
    weightBytes,
    secondsToLoad: weightBytes / bytesPerSecond,
    checkpointBytes,
    secondsPerCheckpoint: checkpointBytes / bytesPerSecond,
  };
}
