import { threefry2x32 } from "@lathe/kernels";
import type { FinetuneOptions } from "@lathe/recipes";
import { bf16Folder } from "../load/model-folders.js";
import { modelSizes, type ModelSize } from "../shared/model-sizes.js";

/** A run to plan and to take. */
export interface PlannedRun {
  readonly name: string;
  readonly options: FinetuneOptions;
}

interface RunShape {
  readonly size: ModelSize;
  readonly rows: number;
  readonly rowTokens: number;
  readonly options: FinetuneOptions;
}

/** Two sizes of models, with and without layers that are computed again, packed weights, and weights that are trained themselves. */
const shapes: Readonly<Record<string, RunShape>> = {
  "30m lora": { size: "30m", rows: 8, rowTokens: 256, options: { checkpointing: "none" } },
  "30m lora, checkpointing": { size: "30m", rows: 8, rowTokens: 256, options: { checkpointing: "block" } },
  "30m full": { size: "30m", rows: 8, rowTokens: 256, options: { method: "full", checkpointing: "none" } },
  "30m full, checkpointing": {
    size: "30m",
    rows: 8,
    rowTokens: 256,
    options: { method: "full", checkpointing: "block" },
  },
  "0.5b lora": { size: "0.5b", rows: 4, rowTokens: 128, options: { checkpointing: "none" } },
  "0.5b lora, checkpointing": { size: "0.5b", rows: 4, rowTokens: 256, options: { checkpointing: "block" } },
  "0.5b nf4": { size: "0.5b", rows: 4, rowTokens: 128, options: { quantize: "nf4", checkpointing: "none" } },
  "0.5b nf4, checkpointing": {
    size: "0.5b",
    rows: 4,
    rowTokens: 256,
    options: { quantize: "nf4", checkpointing: "block" },
  },
};

/** Names of all runs that are compared. */
export const plannedRunNames: readonly string[] = Object.keys(shapes);

/** Optimiser steps of a run: the first warms up. */
const STEPS = 4;

/** A run by its name, on a folder of random weights below a cache. */
export async function plannedRun(name: string, engine: string, cache: string): Promise<PlannedRun> {
  const { size, rows, rowTokens, options } = shapes[name];
  const { vocabularySize } = modelSizes[size];
  const rowOf = (row: number): number[] =>
    Array.from({ length: rowTokens }, (_, i) => threefry2x32([3, row], [0, i])[0] % vocabularySize);
  const data = Array.from({ length: rows }, (_, row) => {
    const ids = rowOf(row);
    return { input_ids: ids, labels: ids };
  });
  return {
    name,
    options: {
      ...options,
      model: await bf16Folder(cache, size),
      data,
      engine,
      train: { batchSize: rows, gradientAccumulation: 1, epochs: STEPS },
    },
  };
}
