/** Runs of every kind that are left between two checkpoints and go on, against the same runs never stopped. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { finetune } from "../finetune.js";
import type { FinetuneOptions } from "../finetune-options.js";
import type { RecipeEvent } from "../recipe-event.js";
import { finish } from "../testing/finish.js";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runKinds, trainOf } from "../testing/run-kinds.js";
import { firstDifference } from "./first-difference.js";

const STEPS = 5;

it.each(runKinds)("%s goes on to the same bits", async (_what, rows, options) => {
  const folder = await temporaryFolder();
  const asked: FinetuneOptions = {
    ...options,
    model: tinyModel("qwen2"),
    data: await writeJsonl(join(folder, "rows.jsonl"), rows),
    train: {
      ...trainOf(options),
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
