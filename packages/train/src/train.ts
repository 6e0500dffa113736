import { createHash } from "node:crypto";
import { join } from "node:path";
import { flatBatch, type LabelledBatch, openSafetensors, writeSafetensors } from "@lathe/model";
import { Tape, tensorMemory, withDropout, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs";
import { AdamW } from "./adamw.js";
import { DivergenceError, TrainConfigError } from "./errors.js";
import { GradientAccumulator } from "./gradient-accumulator.js";
import type { TrainableParameter } from "./parameter.js";
import { countScored, type RowSource, type TrainingRow } from "./row-source.js";
import type { RunFolder } from "./run-folder.js";
import { learningRateAt } from "./schedule.js";
import { planSteps, type StepPlan, totalSteps } from "./step-plan.js";
import { resolveTrainConfig, type TrainConfig } from "./train-config.js";

/** How the trainable parameters are written to and read from a folder, e.g. as a PEFT adapter. */
export interface ParameterFiles {
  save(folder: string): Promise<void>;
  load(folder: string): Promise<void>;
}

/** What {@link train} works on. */
export interface TrainOptions {
  readonly parameters: readonly TrainableParameter[];
  /** Summed negative log-likelihood of a batch's labels, in nats, recorded on the active tape. */
  readonly loss: (batch: LabelledBatch) => tf.Scalar;
  readonly rows: RowSource;
  /** Rows for evaluation; their mean loss a label is reported. */
  readonly validation?: RowSource;
  readonly config?: Partial<TrainConfig>;
  /** Where metrics and checkpoints go; without it nothing is written. */
  readonly run?: RunFolder;
  /** How parameters are stored in checkpoints. @defaultValue one safetensors file */
  readonly files?: ParameterFiles;
  /** Continues from the run's last checkpoint, if it has one. */
  readonly resume?: boolean;
  /** Ends the run between micro-batches; the last complete step is checkpointed. */
  readonly signal?: AbortSignal;
  /** Rows evaluated so far. */
  readonly onEvaluation?: (done: number, total: number) => void;
}

/** What one optimiser step did. */
export interface StepReport {
  /** From 1. */
  readonly step: number;
  readonly totalSteps: number;
  /** Passes over the rows begun before this step, from 0. */
  readonly epoch: number;
  /** Mean over all labels of the step, in nats. */
  readonly loss: number;
  /** Global norm before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
  /** Labels scored in the step. */
  readonly labelTokens: number;
  /** All tokens processed, labelled or not. */
  readonly tokens: number;
  /** `tokens` by the wall time of the step. */
  readonly tokensPerSecond: number;
  /** Wall time of the step. */
  readonly seconds: number;
  /** Bytes of tensors alive after the step. */
  readonly tensorBytes: number;
  /** Resident memory of the process. */
  readonly residentBytes: number;
  /** Mean loss a label on the validation rows, where this step ended with an evaluation. */
  readonly validationLoss?: number;
  /** Folder of the checkpoint, where this step ended with one. */
  readonly checkpoint?: string;
}

const OPTIMISER_FILE = "optimizer.safetensors";
const PARAMETERS_FILE = "parameters.safetensors";

/** Parameters in one safetensors file. */
export function safetensorsFiles(parameters: readonly TrainableParameter[]): ParameterFiles {
  return {
    async save(folder) {
      const tensors = parameters.map(({ name, variable }) => ({
        name,
        dtype: "F32" as const,
        shape: variable.shape,
        data: Float32Array.from(variable.dataSync()),
      }));
      await writeSafetensors(join(folder, PARAMETERS_FILE), tensors);
    },
    async load(folder) {
      const file = await openSafetensors(join(folder, PARAMETERS_FILE));
      try {
        for (const { name, variable } of parameters) {
          const values = await file.readFloat32(name);
          tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
        }
      } finally {
        await file.close();
      }
    },
  };
}

/** Hash of the rows' ids and labels: a resumed run must see the same data. */
function fingerprint(rows: RowSource): string {
  const hash = createHash("sha256");
  for (let index = 0; index < rows.length; index++) {
    const { inputIds, labels } = rows.row(index);
    hash.update(new Uint8Array(inputIds.buffer, inputIds.byteOffset, inputIds.byteLength));
    hash.update(new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));
  }
  return hash.digest("hex");
}

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Mean loss a label over all rows, in nats, without gradients or dropout.
 * @param batchSize rows at a time
 */
export async function evaluateLoss(
  loss: (batch: LabelledBatch) => tf.Scalar,
  rows: RowSource,
  batchSize: number,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((done: number, total: number) => void) | undefined;
  } = {},
): Promise<number> {
  let sum = 0;
  let labels = 0;
  for (let start = 0; start < rows.length; start += batchSize) {
    options.signal?.throwIfAborted();
    const batch: TrainingRow[] = [];
    for (let index = start; index < Math.min(start + batchSize, rows.length); index++)
      batch.push(rows.row(index));
    const value = withDropout(null, () => withTape(null, () => loss(flatBatch(batch))));
    sum += value.dataSync()[0];
    value.dispose();
    labels += batch.reduce((count, row) => count + countScored(row), 0);
    options.onProgress?.(start + batch.length, rows.length);
    await breathe();
  }
  return sum / labels;
}

/**
 * Trains parameters and yields a report after every optimiser step.
 *
 * A step's loss is the sum over all its labels divided by their number, whatever the micro-batches; gradients are
 * accumulated with the same weights. Order of rows and dropout masks follow from seed, epoch and step alone, so a run
 * that was killed and resumed gives the same bits as one that was not.
 *
 * When the signal aborts, a checkpoint of the last complete step is written and the iterator ends.
 *
 * @throws TrainConfigError, RunFolderError, DivergenceError
 */
export async function* train(options: TrainOptions): AsyncGenerator<StepReport, void, undefined> {
  const config = resolveTrainConfig(options.config);
  const { parameters, rows, validation, run, signal } = options;
  const files = options.files ?? safetensorsFiles(parameters);
  checkRows(rows);

  const last = totalSteps(rows.length, config);
  const identity = {
    rows: fingerprint(rows),
    totalSteps: last,
    parameters: parameters.map(({ name, variable }) => [name, variable.shape]),
    ...config,
    // These change neither the numbers nor their order.
    saveEvery: undefined,
    evalEvery: undefined,
    epochs: undefined,
    maxSteps: undefined,
  };
  const optimiser = new AdamW(parameters, config);
  const saveCheckpoint = (step: number): Promise<string> | undefined =>
    run?.writeCheckpoint(step, identity, async (folder) => {
      await files.save(folder);
      await writeSafetensors(
        join(folder, OPTIMISER_FILE),
        optimiser
          .state()
          .map(({ name, shape, values }) => ({ name, dtype: "F32" as const, shape, data: values })),
      );
    });

  try {
    const resumed = options.resume && run ? await restore(run, identity, files, optimiser) : 0;
    let saved = resumed;
    for (const plan of planSteps(rows.length, config, resumed + 1)) {
      const report = await runStep(plan, last, config, options, optimiser);
      if (!report) {
        if (saved < plan.step - 1) await saveCheckpoint(plan.step - 1);
        return;
      }
      const { step } = plan;
      const due = (every: number): boolean => step === last || (every > 0 && step % every === 0);
      const validationLoss =
        validation && validation.length > 0 && due(config.evalEvery)
          ? await evaluateLoss(options.loss, validation, config.batchSize, {
              signal,
              onProgress: options.onEvaluation,
            }).catch((error: unknown) => {
              if (signal?.aborted) return undefined;
              throw error;
            })
          : undefined;
      const saves = run !== undefined && due(config.saveEvery);
      const complete: StepReport = {
        ...report,
        ...(validationLoss === undefined ? {} : { validationLoss }),
        ...(saves ? { checkpoint: run.checkpointPath(step) } : {}),
      };
      // Metrics first: after a kill between the two, the resumed run drops the line and writes it again.
      await run?.appendMetrics(complete);
      if (saves) {
        await saveCheckpoint(step);
        saved = step;
      }
      yield complete;
    }
  } finally {
    optimiser.dispose();
  }
}

function checkRows(rows: RowSource): void {
  if (rows.length === 0) throw new TrainConfigError("rows", "at least one row", "none");
  for (let index = 0; index < rows.length; index++) {
    const row = rows.row(index);
    if (countScored(row) === 0) {
      throw new TrainConfigError("rows", "at least one scored label in every row", `none in row ${index}`);
    }
  }
}

async function restore(
  run: RunFolder,
  identity: Record<string, unknown>,
  files: ParameterFiles,
  optimiser: AdamW,
): Promise<number> {
  const step = (await run.checkpointSteps()).at(-1) ?? 0;
  if (step > 0) {
    await run.readCheckpoint(step, identity);
    const folder = run.checkpointPath(step);
    await files.load(folder);
    const moments = await openSafetensors(join(folder, OPTIMISER_FILE));
    try {
      await optimiser.restore(step, (name) => moments.readFloat32(name));
    } finally {
      await moments.close();
    }
  }
  await run.truncateMetrics(step);
  return step;
}

/** One optimiser step; null if the signal aborted before it was complete. */
async function runStep(
  { step, epoch, microBatches }: StepPlan,
  last: number,
  config: TrainConfig,
  { parameters, loss, rows, signal }: TrainOptions,
  optimiser: AdamW,
): Promise<StepReport | null> {
  const started = performance.now();
  const batches = microBatches.map((numbers) => Array.from(numbers, (index) => rows.row(index)));
  const labelTokens = batches.flat().reduce((count, row) => count + countScored(row), 0);
  const tokens = batches.flat().reduce((count, row) => count + row.inputIds.length, 0);
  const gradients = new GradientAccumulator();
  try {
    let lossSum = 0;
    for (const [microBatch, batch] of batches.entries()) {
      if (signal?.aborted) return null;
      const tape = new Tape(parameters.map(({ variable }) => variable));
      try {
        const value = withDropout({ seed: config.seed, step, microBatch }, () =>
          withTape(tape, () => loss(flatBatch(batch))),
        );
        lossSum += value.dataSync()[0];
        const weight = tf.scalar(1 / labelTokens);
        tape.backward(value, weight, gradients.add);
        tf.dispose([value, weight]);
      } finally {
        tape.dispose();
      }
      await breathe();
    }
    const meanLoss = lossSum / labelTokens;
    if (!Number.isFinite(meanLoss)) throw new DivergenceError(step, "loss", meanLoss);
    const gradNorm = gradients.norm();
    if (!Number.isFinite(gradNorm)) throw new DivergenceError(step, "gradient norm", gradNorm);

    const learningRate = learningRateAt(step, last, config);
    // The small constant is PyTorch's, so that clipped runs agree.
    const clip = config.maxGradNorm > 0 ? Math.min(1, config.maxGradNorm / (gradNorm + 1e-6)) : 1;
    optimiser.apply((variable) => gradients.gradient(variable), learningRate, clip);
    const seconds = (performance.now() - started) / 1000;
    gradients.dispose();
    return {
      step,
      totalSteps: last,
      epoch,
      loss: meanLoss,
      gradNorm,
      learningRate,
      labelTokens,
      tokens,
      tokensPerSecond: tokens / seconds,
      seconds,
      tensorBytes: tensorMemory().bytes,
      residentBytes: process.memoryUsage().rss,
    };
  } finally {
    gradients.dispose();
  }
}
