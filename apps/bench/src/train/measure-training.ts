import { type ActivationPlan, type LanguageModel, planCheckpointing } from "@lathe/model";
import { attach, parameterTable, trainableParameters } from "@lathe/peft";
import { type Precision, startEngine, tensorMemory } from "@lathe/tensor";
import { availableBytes, largestMicroBatch, resolveTrainConfig, supervised, train } from "@lathe/train";
import { peakResidentBytes } from "../shared/peak-memory.js";
import { randomModel } from "../shared/random-model.js";
import type { LatheTrainJob, LatheTrainOutcome, MeasuredStep } from "./train-job.js";

/** Gradients and the two moments of AdamW, in float32; the parameters themselves are there already. */
const BYTES_PER_PARAMETER = 3 * 4;

/** Takes the steps of a job through the loop that users run, on a model of random weights. */
export async function measureTraining(job: LatheTrainJob): Promise<LatheTrainOutcome> {
  const { size, targets, rank, alpha, batches, warmUp, repeats } = job;
  const engine = await startEngine(job.engine, job.precision as Precision | "auto");
  const model = randomModel(size, job.base);
  attach(model, { rank, alpha, dropout: 0, targets });
  const typedBatches = batches.map((batch) =>
    batch.map(({ inputIds, labels }) => ({
      inputIds: Int32Array.from(inputIds),
      labels: Int32Array.from(labels),
    })),
  );
  const flatRows = typedBatches.flat();
  const rows = { length: flatRows.length, row: (index: number) => flatRows[index] };
  const config = resolveTrainConfig({
    batchSize: batches[0].length,
    gradientAccumulation: 1,
    maxSteps: warmUp + repeats,
    learningRate: job.learningRate,
    schedule: "constant",
    shuffle: false,
  });
  const modelResidentBytes = process.memoryUsage.rss();
  const trainable = parameterTable(model).trainable;
  model.checkpointing = await checkpointingOf(
    job,
    model,
    modelResidentBytes + trainable * BYTES_PER_PARAMETER,
    {
      ...largestMicroBatch(rows, config),
      precision: engine.precision,
      adapted: new Set(targets),
      rank,
    },
  );
  const measured: MeasuredStep[] = [];
  const losses: number[] = [];
  const reports = train({
    parameters: trainableParameters(model),
    objective: supervised(model),
    rows,
    config,
    ...(engine.precision === "fp16" ? { lossScale: {} } : {}),
  });
  for await (const { step, seconds, tokens, loss } of reports) {
    if (step > warmUp) measured.push({ seconds, tokens });
    losses.push(loss);
  }
  const outcome: LatheTrainOutcome = {
    engine: engine.name,
    engineDescription: engine.description,
    precision: engine.precision,
    steps: measured,
    firstLoss: losses[0],
    lastLoss: losses[losses.length - 1],
    trainableParameters: trainable,
    checkpointing: model.checkpointing,
    peakTensorBytes: tensorMemory().peakBytes,
    modelResidentBytes,
    peakResidentBytes: peakResidentBytes(),
  };
  model.dispose();
  return outcome;
}

/** The policy that was asked for, or the one that the memory beside `fixedBytes` allows. */
async function checkpointingOf(
  { checkpointing, memory }: LatheTrainJob,
  model: LanguageModel,
  fixedBytes: number,
  activations: ActivationPlan,
): Promise<LanguageModel["checkpointing"]> {
  if (checkpointing === "none" || checkpointing === "block") return checkpointing;
  if (checkpointing !== "auto") return Number(checkpointing);
  const budget = memory ?? (await availableBytes());
  const plan = planCheckpointing(model.config, activations, budget - fixedBytes);
  if (!plan.fits) {
    console.error("The step may take more memory than that, with as many layers computed again as help.");
  }
  return plan.checkpointing;
}
