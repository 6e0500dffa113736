import type { LanguageModel } from "@lathe/model";
import { attach, parameterTable, trainableParameters } from "@lathe/peft";
import { type Precision, startEngine, tensorMemory } from "@lathe/tensor";
import { train } from "@lathe/train";
import { peakResidentBytes } from "../shared/peak-memory.js";
import { randomModel } from "../shared/random-model.js";
import { chooseCheckpointing, type StepPlan } from "./choose-checkpointing.js";
import type { LatheTrainJob, LatheTrainOutcome, MeasuredStep } from "./train-job.js";

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
  const rows = typedBatches.flat();
  const modelResidentBytes = process.memoryUsage.rss();
  const trainable = parameterTable(model).trainable;
  model.checkpointing = await checkpointingOf(job, {
    model,
    residentBytes: modelResidentBytes,
    trainableParameters: trainable,
    targets,
    rank,
    precision: engine.precision,
    batches: typedBatches,
  });
  const measured: MeasuredStep[] = [];
  const losses: number[] = [];
  const reports = train({
    parameters: trainableParameters(model),
    loss: (flat) => model.loss(flat),
    rows: { length: rows.length, row: (index) => rows[index] },
    vocabularySize: model.config.vocabularySize,
    config: {
      batchSize: batches[0].length,
      gradientAccumulation: 1,
      maxSteps: warmUp + repeats,
      learningRate: job.learningRate,
      schedule: "constant",
      shuffle: false,
    },
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

async function checkpointingOf(
  { checkpointing, memory }: LatheTrainJob,
  plan: StepPlan,
): Promise<LanguageModel["checkpointing"]> {
  if (checkpointing === "auto") return await chooseCheckpointing(plan, memory);
  return checkpointing === "none" || checkpointing === "block" ? checkpointing : Number(checkpointing);
}
