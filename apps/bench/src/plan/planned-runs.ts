import { threefry2x32 } from "@lathe/kernels";
import type { FinetuneOptions } from "@lathe/recipes";
import { bf16Folder } from "../load/model-folders.js";
import { modelSizes, type ModelSize } from "../shared/model-sizes.js";

/** A run to plan and to take. */
export interface PlannedRun {
  readonly name: string;
  /** Processes that take its steps together. */
  readonly ranks: number;
  readonly options: FinetuneOptions;
}

interface RunShape {
  readonly size: ModelSize;
  /** Rows of a micro-batch. */
  readonly rows: number;
  /** Tokens of a row, or of one after the other. */
  readonly rowTokens: number | readonly number[];
  /** Processes that take its steps together. @defaultValue 1 */
  readonly ranks?: number;
  readonly options: FinetuneOptions;
}

/** Lengths of rows that are not alike. */
const uneven = [32, 448, 96, 384, 160, 320, 224, 288];

/** Two ranks with two micro-batches each. */
const ranked = { size: "30m", rows: 4, rowTokens: 256, ranks: 2 } as const;
const twoEach = { gradientAccumulation: 4 } as const;

/**
 * Two sizes of models, with and without layers that are computed again, packed weights, and weights that are trained themselves;
 * every optimiser, several ranks, objectives on preferences, and micro-batches that are not cut by the count of rows alone.
 */
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
  "30m full, adamw8bit": {
    size: "30m",
    rows: 4,
    rowTokens: 256,
    options: { method: "full", checkpointing: "none", train: { optimizer: "adamw8bit" } },
  },
  "30m full, adafactor": {
    size: "30m",
    rows: 4,
    rowTokens: 256,
    options: { method: "full", checkpointing: "none", train: { optimizer: "adafactor" } },
  },
  "30m dpo": { size: "30m", rows: 4, rowTokens: 256, options: { objective: "dpo", checkpointing: "none" } },
  "30m kto": { size: "30m", rows: 8, rowTokens: 256, options: { objective: "kto", checkpointing: "none" } },
  "30m kto, accumulated": {
    size: "30m",
    rows: 2,
    rowTokens: 256,
    options: { objective: "kto", checkpointing: "none", train: { gradientAccumulation: 4 } },
  },
  "30m grouped": {
    size: "30m",
    rows: 8,
    rowTokens: uneven,
    options: { checkpointing: "none", train: { groupByLength: true, gradientAccumulation: 2 } },
  },
  "30m by tokens": {
    size: "30m",
    rows: 8,
    rowTokens: uneven,
    options: { checkpointing: "none", train: { maxTokensPerBatch: 2048 } },
  },
  "30m lora, two ranks": { ...ranked, options: { checkpointing: "none", train: twoEach } },
  "30m lora, two ranks, zero": {
    ...ranked,
    options: { checkpointing: "none", zeroStage: 2, train: twoEach },
  },
  "30m lora, two ranks, shared layers": {
    ...ranked,
    options: { checkpointing: "none", tensorParallel: 2, train: twoEach },
  },
  "30m full, two ranks": {
    ...ranked,
    options: { method: "full", checkpointing: "none", train: twoEach },
  },
  "30m full, two ranks, zero": {
    ...ranked,
    options: { method: "full", checkpointing: "none", zeroStage: 2, train: twoEach },
  },
  "30m full, two ranks, ordered": {
    ...ranked,
    options: { method: "full", checkpointing: "none", deterministic: true, train: twoEach },
  },
  "0.5b lora, two ranks": {
    ...ranked,
    size: "0.5b",
    rowTokens: 128,
    options: { checkpointing: "block", train: twoEach },
  },
  "0.5b lora, two ranks, shared layers": {
    ...ranked,
    size: "0.5b",
    rowTokens: 128,
    options: { checkpointing: "block", tensorParallel: 2, train: twoEach },
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

/** Rows of an objective, of token ids drawn at random. */
function rowsOf(
  objective: FinetuneOptions["objective"],
  lengths: readonly number[],
  vocabularySize: number,
): object[] {
  return lengths.map((length, row) => {
    const ids = Array.from({ length }, (_, i) => threefry2x32([3, row], [0, i])[0] % vocabularySize);
    if (objective === undefined) return { input_ids: ids, labels: ids };
    const [third, half] = [Math.floor(length / 3), Math.floor(length / 2)];
    if (objective === "kto") {
      return { prompt_ids: ids.slice(0, half), completion_ids: ids.slice(half), label: row % 2 === 0 };
    }
    const [chosen, rejected] = [ids.slice(third, 2 * third), ids.slice(2 * third)];
    return { prompt_ids: ids.slice(0, third), chosen_ids: chosen, rejected_ids: rejected };
  });
}

/** A run by its name, on a folder of random weights below a cache. */
export async function plannedRun(name: string, engine: string, cache: string): Promise<PlannedRun> {
  const { size, rows, rowTokens, ranks = 1, options } = shapes[name];
  const { vocabularySize } = modelSizes[size];
  const { gradientAccumulation = 1, maxTokensPerBatch } = options.train ?? {};
  const lengths = Array.from({ length: rows * gradientAccumulation }, (_, row) =>
    typeof rowTokens === "number" ? rowTokens : rowTokens[row % rowTokens.length],
  );
  return {
    name,
    ranks,
    options: {
      ...options,
      model: await bf16Folder(cache, size),
      data: rowsOf(options.objective, lengths, vocabularySize) as FinetuneOptions["data"],
      engine,
      train: {
        ...(maxTokensPerBatch === undefined ? { batchSize: rows } : {}),
        gradientAccumulation,
        epochs: STEPS,
        ...options.train,
      },
    },
  };
}
