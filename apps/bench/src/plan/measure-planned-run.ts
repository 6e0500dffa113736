import { type EngineFacts, finetune, type RecipeEvent } from "@lathe/recipes";
import { median } from "../measure.js";
import { peakResidentBytes } from "@lathe/tensor";
import type { PlanJob, PlannedOutcome } from "./plan-job.js";

/** Takes the steps of a run and says what they took. */
export async function measurePlannedRun({ options }: PlanJob): Promise<PlannedOutcome> {
  const seconds: number[] = [];
  let started: EngineFacts | null = null;
  const onEvent = (event: RecipeEvent): void => {
    if (event.type === "engine") started = event.engine;
  };
  const run = finetune({ ...options, onEvent });
  let next = await run.next();
  for (; !next.done; next = await run.next()) seconds.push(next.value.seconds);
  const { engine, precision, memory } = next.value;
  return {
    engine,
    engineDescription: (started as EngineFacts | null)?.description ?? engine,
    precision,
    peakResidentBytes: peakResidentBytes(),
    peakTensorBytes: memory.peakTensorBytes,
    secondsPerStep: median(seconds.slice(1)),
  };
}
