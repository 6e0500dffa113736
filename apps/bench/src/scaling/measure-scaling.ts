import { spawnSync } from "node:child_process";
import { type Collective, openCollective } from "@lathe/distributed";
import { attach, trainableParameters } from "@lathe/peft";
import { startEngine } from "@lathe/tensor";
import { beginAlike, dataParallel, resolveTrainConfig, supervised, train } from "@lathe/train";
import { modelConfig } from "../shared/model-sizes.js";
import { randomModel } from "../shared/random-model.js";
import { randomBatch } from "../train/batches.js";
import type { RankStep, ScalingJob, ScalingOutcome } from "./scaling-job.js";
import { timedCollective } from "./timed-collective.js";

/** Calls with one number in them of which the mean is taken, and bytes and repeats of a large one. */
const SMALL_CALLS = 50;
const LARGE_BYTES = 10e6;
const LARGE_CALLS = 5;

/** Takes the steps of a job as one of the ranks that were launched, on one core. */
export async function measureScaling(job: ScalingJob): Promise<ScalingOutcome> {
  const collective = await openCollective();
  const isPinned = pin(collective.rank % job.cores);
  const engine = await startEngine(job.engine);
  const model = randomModel(job.size, job.base, engine.weightMemory);
  attach(model, { rank: job.rank, alpha: 2 * job.rank, dropout: 0, targets: [...job.targets] });
  const parameters = trainableParameters(model);
  await beginAlike(collective, parameters);
  const link = collective.size === 1 ? null : await linkOf(collective);
  const { vocabularySize } = modelConfig(job.size);
  const total = (job.warmUp + job.repeats) * job.microBatches;
  const rows = randomBatch(total, job.tokens, 0, vocabularySize).map(({ inputIds, labels }) => ({
    inputIds: Int32Array.from(inputIds),
    labels: Int32Array.from(labels),
  }));
  const { timed, take } = timedCollective(collective);
  const reports = train({
    parameters,
    objective: supervised(model),
    rows: { length: rows.length, row: (index: number) => rows[index] },
    config: resolveTrainConfig({
      batchSize: 1,
      gradientAccumulation: job.microBatches,
      maxSteps: job.warmUp + job.repeats,
      schedule: "constant",
      shuffle: false,
    }),
    // As runs have it.
    ...dataParallel(timed, parameters, { balanced: true }),
  });
  const steps: RankStep[] = [];
  const losses: number[] = [];
  for await (const { step, seconds, loss } of reports) {
    const { seconds: collectiveSeconds, transferSeconds, calls } = take();
    if (step > job.warmUp) steps.push({ seconds, collectiveSeconds, transferSeconds, calls });
    losses.push(loss);
  }
  const gradientBytes = parameters.reduce((sum, { variable }) => sum + 4 * variable.size, 0);
  const { rank, size: ranks } = collective;
  await collective.close();
  model.dispose();
  return { engine: engine.name, rank, ranks, isPinned, steps, gradientBytes, link, losses };
}

/** Puts this process, and the threads that it will have, on one core. @returns whether the system did so */
function pin(core: number): boolean {
  const { status } = spawnSync("taskset", ["-a", "-c", "-p", String(core), String(process.pid)]);
  return status === 0;
}

async function linkOf(collective: Collective): Promise<NonNullable<ScalingOutcome["link"]>> {
  const timeOf = async (length: number, calls: number): Promise<number> => {
    const values = new Float32Array(length);
    await collective.allReduce(values);
    const started = performance.now();
    for (let call = 0; call < calls; call++) await collective.allReduce(values);
    return (performance.now() - started) / 1000 / calls;
  };
  const secondsPerCall = (await timeOf(1, SMALL_CALLS)) / Math.ceil(Math.log2(collective.size));
  const large = await timeOf(LARGE_BYTES / 4, LARGE_CALLS);
  const sent = (2 * (collective.size - 1) * LARGE_BYTES) / collective.size;
  return { bytesPerSecond: sent / Math.max(large - secondsPerCall, 1e-9), secondsPerCall };
}
