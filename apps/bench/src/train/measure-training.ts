import type { LanguageModel } from "@lathe/model";
import { attach, parameterTable, trainableParameters } from "@lathe/peft";
import { type Precision, startEngine } from "@lathe/tensor";
import { train } from "@lathe/train";
import { peakResidentBytes } from "../shared/peak-memory.js";
import { randomModel } from "../shared/random-model.js";
import type { LatheTrainJob, LatheTrainOutcome, MeasuredStep } from "./train-job.js";

/** Takes the steps of a job through the loop that users run, on a model of random weights. */
export async function measureTraining(job: LatheTrainJob): Promise<LatheTrainOutcome> {
  const { size, targets, rank, alpha, batches, warmUp, repeats } = job;
  const engine = await startEngine(job.engine, job.precision as Precision | "auto");
  const model = randomModel(size, job.base);
  model.checkpointing = job.checkpointing as LanguageModel["checkpointing"];
  attach(model, { rank, alpha, dropout: 0, targets });
  const rows = batches.flat().map(({ inputIds, labels }) => ({
    inputIds: Int32Array.from(inputIds),
    labels: Int32Array.from(labels),
  }));
  const modelResidentBytes = process.memoryUsage().rss;
  const measured: MeasuredStep[] = [];
  const losses: number[] = [];
  let mostTensorBytes = 0;
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
  });
  for await (const { step, seconds, tokens, loss, tensorBytes } of reports) {
    if (step > warmUp) measured.push({ seconds, tokens });
    losses.push(loss);
    mostTensorBytes = Math.max(mostTensorBytes, tensorBytes);
  }
  const outcome: LatheTrainOutcome = {
    engine: engine.name,
    engineDescription: engine.description,
    precision: engine.precision,
    steps: measured,
    firstLoss: losses[0],
    lastLoss: losses[losses.length - 1],
    trainableParameters: parameterTable(model).trainable,
    tensorBytes: mostTensorBytes,
    modelResidentBytes,
    peakResidentBytes: peakResidentBytes(),
  };
  model.dispose();
  return outcome;
}
