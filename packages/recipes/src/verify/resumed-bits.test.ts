/** Runs of every kind that are left between two checkpoints and go on, against the same runs never stopped. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { finetune } from "../finetune.js";
import type { FinetuneOptions } from "../finetune-options.js";
import type { RecipeEvent } from "../recipe-event.js";
import { finish } from "../testing/finish.js";
import { shortRows, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { firstDifference } from "./first-difference.js";

const STEPS = 5;

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

it.each<[what: string, rows: readonly object[], options: FinetuneOptions]>([
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
])("%s goes on to the same bits", async (_what, rows, options) => {
  const folder = await temporaryFolder();
  const asked: FinetuneOptions = {
    ...options,
    model: tinyModel("qwen2"),
    data: await writeJsonl(join(folder, "rows.jsonl"), rows),
    train: {
      ...(options.train?.maxTokensPerBatch === undefined ? { batchSize: 2 } : {}),
      gradientAccumulation: 2,
      learningRate: 0.01,
      seed: 3,
      ...options.train,
      maxSteps: STEPS,
      saveEvery: 2,
    },
  };
  const [whole, left] = [join(folder, "whole"), join(folder, "left")];
  await finish({ ...asked, output: whole });
  for await (const { step } of finetune({ ...asked, output: left })) if (step === 3) break;
  const resumed: number[] = [];
  const onEvent = (event: RecipeEvent): void => {
    if (event.type === "resuming") resumed.push(event.step);
  };
  await finish({ output: left, resume: true, onEvent });
  expect(resumed).toHaveLength(1);
  expect(resumed[0]).toBeLessThan(STEPS);
  expect(await firstDifference(whole, left, STEPS)).toBeNull();
});
