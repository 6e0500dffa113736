import { open } from "node:fs/promises";
import { finetune, type PlanCorrection, planRun, type RecipeEvent } from "@lathe/recipes";
import { peakResidentBytes } from "@lathe/tensor";
import { median } from "../measure.js";
import type { StreamedPlanJob, StreamedPlanOutcome } from "./streamed-plan-job.js";

/** Bytes that are asked for at once. */
const READ_BYTES = 8 * 2 ** 20;

/** Steps after which the plan is corrected. */
const CORRECTED_AFTER = 3;

/** Reads the files, plans the run by that, and takes its steps. */
export async function measureStreamedPlan({ options, files }: StreamedPlanJob): Promise<StreamedPlanOutcome> {
  // Once before the clock counts: the run, too, finds files that were read before.
  await readAll(files);
  const bytesPerSecond = await readAll(files);
  const { stream } = await planRun({ ...options, disk: bytesPerSecond });
  const corrections: PlanCorrection[] = [];
  let engineDescription = "";
  const onEvent = (event: RecipeEvent): void => {
    if (event.type === "engine") engineDescription = event.engine.description;
    if (event.type === "plan-corrected") corrections.push(event.correction);
  };
  const seconds: number[] = [];
  const run = finetune({ ...options, onEvent });
  let next = await run.next();
  for (; !next.done; next = await run.next()) seconds.push(next.value.seconds);
  const [correction] = corrections;
  const { engine, precision } = next.value;
  const later = (from: number): number => median(seconds.slice(from));
  return {
    engine,
    engineDescription,
    precision,
    plan: stream!,
    bytesPerSecond,
    secondsPerStep: later(1),
    bytesPerStep: correction?.stream?.bytesPerStep ?? 0,
    corrected:
      correction?.stream && seconds.length > CORRECTED_AFTER
        ? { plannedSecondsPerStep: correction.secondsPerStep, secondsPerStep: later(CORRECTED_AFTER) }
        : null,
    peakResidentBytes: peakResidentBytes(),
  };
}

/** Reads files from their beginnings to their ends. @returns bytes a second */
async function readAll(files: readonly string[]): Promise<number> {
  const into = Buffer.alloc(READ_BYTES);
  let bytes = 0;
  const started = performance.now();
  for (const path of files) {
    const file = await open(path);
    for (;;) {
      const { bytesRead } = await file.read(into, 0, into.length, null);
      if (bytesRead === 0) break;
      bytes += bytesRead;
    }
    await file.close();
  }
  return bytes / ((performance.now() - started) / 1000);
}
