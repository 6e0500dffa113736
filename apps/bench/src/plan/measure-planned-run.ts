import { openCollective } from "@lathe/distributed";
import { type EngineFacts, finetune, type RecipeEvent } from "@lathe/recipes";
import { median } from "../measure.js";
import { peakResidentBytes } from "@lathe/tensor";
import type { PlanJob, PlannedOutcome } from "./plan-job.js";

/** Takes the steps of a run, as one of its ranks, and says what they took. @returns of the rank with most; null on all but the first */
export async function measurePlannedRun({ options, ranks }: PlanJob): Promise<PlannedOutcome | null> {
  const collective = ranks === 1 ? null : await openCollective();
  const seconds: number[] = [];
  let started: EngineFacts | null = null;
  const onEvent = (event: RecipeEvent): void => {
    if (event.type === "engine") started = event.engine;
  };
  const run = finetune({ ...options, onEvent, ...(collective ? { collective } : {}) });
  let next = await run.next();
  for (; !next.done; next = await run.next()) seconds.push(next.value.seconds);
  const { engine, precision, memory } = next.value;
  const most = Float64Array.of(peakResidentBytes(), memory.peakTensorBytes);
  await collective?.allReduce(most, "max");
  await collective?.close();
  if (collective && collective.rank > 0) return null;
  return {
    engine,
    engineDescription: (started as EngineFacts | null)?.description ?? engine,
    precision,
    peakResidentBytes: most[0],
    peakTensorBytes: most[1],
    secondsPerStep: median(seconds.slice(1)),
  };
}
