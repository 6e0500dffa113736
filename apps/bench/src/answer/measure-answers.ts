import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { hostFinetune } from "@lathe/recipes";
import { median } from "../measure.js";
import { modelSizes } from "../shared/model-sizes.js";
import type { AnswerJob, AnswerOutcome, Lateness } from "./answer-job.js";

/** Milliseconds between two looks, which are no delay. */
const RESOLUTION = 1;

const IDLE_SECONDS = 2;

/** Watches the event loop of this thread while something else goes on. */
async function latenessDuring(work: () => Promise<void>): Promise<Lateness> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  await work();
  delay.disable();
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  return {
    median: late(delay.percentile(50)),
    p99: late(delay.percentile(99)),
    most: late(delay.max),
    count: delay.count,
  };
}

/** Trains in a thread and says how late this one was meanwhile. */
export async function measureAnswers(job: AnswerJob): Promise<AnswerOutcome> {
  const { model, size, engine, quantize, batch, sequence, steps } = job;
  const { vocabularySize } = modelSizes[size];
  const data = Array.from({ length: batch }, (_, row) => ({
    input_ids: Array.from({ length: sequence }, (_, i) => (row * 7919 + i * 104729) % vocabularySize),
  }));
  const idle = await latenessDuring(() => setTimeout(IDLE_SECONDS * 1000));
  const run = hostFinetune({
    model,
    data,
    engine,
    quantize,
    lora: { rank: 16, targets: ["q_proj", "v_proj"] },
    // The first step is not watched: before it the thread starts and reads the weights.
    train: { maxSteps: steps + 1, batchSize: batch, gradientAccumulation: 1 },
  });
  await run.next();
  const seconds: number[] = [];
  let engineName = engine;
  const training = await latenessDuring(async () => {
    for (let next = await run.next(); ; next = await run.next()) {
      if (next.done) {
        engineName = next.value.engine;
        return;
      }
      seconds.push(next.value.seconds);
    }
  });
  return { engine: engineName, idle, training, secondsPerStep: median(seconds) };
}
