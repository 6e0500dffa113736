import { type LanguageModel, weightBytesPerToken } from "@lathe/model";
import { attach, parameterTable, trainableParameters } from "@lathe/peft";
import { type Engine, type Precision, startEngine, tensorMemory } from "@lathe/tensor";
import {
  labelledSize,
  largestMicroBatch,
  measureRows,
  resolveTrainConfig,
  supervised,
  train,
} from "@lathe/train";
import { peakResidentBytes } from "@lathe/tensor";
import { randomModel } from "../shared/random-model.js";
import { stepSampler } from "./step-sampler.js";
import type { LatheTrainJob, LatheTrainOutcome, MeasuredStep } from "./train-job.js";

/** Takes the steps of a job through the loop that users run, on a model of random weights. */
export async function measureTraining(job: LatheTrainJob): Promise<LatheTrainOutcome> {
  const { size, targets, rank, alpha, batches, warmUp, repeats } = job;
  const { microBatch = batches[0].length } = job;
  const engine = await startEngine(job.engine, job.precision as Precision | "auto", job.base);
  const model = randomModel(size, job.base, engine.weightMemory);
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
    batchSize: microBatch,
    gradientAccumulation: batches[0].length / microBatch,
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
    engine,
    largestMicroBatch(measureRows(rows, labelledSize), config),
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
  const sampler = job.sampleEvery === undefined ? null : stepSampler(job.sampleEvery);
  if (warmUp === 0) sampler?.start();
  for await (const { step, seconds, tokens, loss } of reports) {
    if (step > warmUp) measured.push({ seconds, tokens });
    if (step === warmUp) sampler?.start();
    if (step === warmUp + repeats) sampler?.stop();
    losses.push(loss);
  }
  const outcome: LatheTrainOutcome = {
    engine: engine.name,
    engineDescription: engine.description,
    precision: engine.precision,
    profile: sampler?.profile(measured) ?? null,
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

/** The policy that was asked for, or the one that the memory allows. */
async function checkpointingOf(
  { checkpointing, memory, targets, rank, base }: LatheTrainJob,
  model: LanguageModel,
  engine: Engine,
  step: { readonly tokens: number; readonly labels: number },
): Promise<LanguageModel["checkpointing"]> {
  if (checkpointing === "none" || checkpointing === "block") return checkpointing;
  if (checkpointing !== "auto") return Number(checkpointing);
  const { config } = model;
  const elementBytes = base === "fp32" ? 4 : 2;
  // A tied head is the table.
  const table = config.tieWordEmbeddings ? 0 : config.vocabularySize * config.hiddenSize * elementBytes;
  // Loaded only where it is asked: the modules of all recipes would count in the memory that is measured.
  const { planMemory } = await import("@lathe/recipes");
  const plan = await planMemory({
    model: { config, weightBytes: weightBytesPerToken(model) + table },
    lora: { rank, targets },
    engine,
    memory: memory ?? undefined,
    ...step,
  });
  if (!plan.fits) {
    console.error("The step may take more memory than that, with as many layers computed again as help.");
  }
  return plan.checkpointing;
}
