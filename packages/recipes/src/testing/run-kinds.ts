import type { FinetuneOptions } from "../finetune-options.js";
import { shortRows } from "./folders.js";

const ids = (row: number, length: number): number[] =>
  Array.from({ length }, (_, i) => (row * 31 + i * 7) % 320);
const pairs = shortRows.map((_, row) => ({
  prompt_ids: ids(row, 3 + (row % 4)),
  chosen_ids: ids(row + 1, 4),
  rejected_ids: ids(row + 2, 5),
}));
const judged = shortRows.map((_, row) => ({
  prompt_ids: ids(row, 3 + (row % 4)),
  completion_ids: ids(row + 1, 4),
  label: row % 2 === 0,
}));

/** Runs of every kind that has a state of its own: what they are called, their rows and their options. */
export const runKinds: readonly (readonly [
  what: string,
  rows: readonly object[],
  options: FinetuneOptions,
])[] = [
  ["LoRA with dropout", shortRows, { lora: { dropout: 0.2 } }],
  ["full training", shortRows, { method: "full" }],
  ["full training under Adafactor", shortRows, { method: "full", train: { optimizer: "adafactor" } }],
  ["full training under 8-bit AdamW", shortRows, { method: "full", train: { optimizer: "adamw8bit" } }],
  ["LISA", shortRows, { method: "full", full: { lisaLayers: 1, lisaEvery: 2 } }],
  ["DPO", pairs, { objective: "dpo" }],
  ["KTO", judged, { objective: "kto" }],
  ["rows grouped by length", shortRows, { train: { groupByLength: true } }],
  ["micro-batches by tokens", shortRows, { train: { maxTokensPerBatch: 24 } }],
  ["a base in nf4 with NEFTune", shortRows, { quantize: "nf4", neftuneAlpha: 5 }],
  [
    "LoRA with trained biases and a rate of its own for B",
    shortRows,
    { lora: { bias: "lora_only" }, loraPlusRatio: 4 },
  ],
  ["ORPO", pairs, { objective: "orpo" }],
  ["SimPO", pairs, { objective: "simpo" }],
  ["weights on disk", shortRows, { stream: true }],
  ["residual dropout", shortRows, { method: "full", residualDropout: 0.1 }],
];

/** How a run of a kind trains, few rows at a time. */
export const trainOf = ({ train }: (typeof runKinds)[number][2]): NonNullable<FinetuneOptions["train"]> => ({
  ...(train?.maxTokensPerBatch === undefined ? { batchSize: 2 } : {}),
  gradientAccumulation: 2,
  learningRate: 0.01,
  seed: 3,
  ...train,
});
