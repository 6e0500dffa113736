import { join } from "node:path";
import { flatBatch, type LabelledBatch, openSafetensors, writeSafetensors } from "@lathe/model";
import { Tape, tensorMemory, withDropout, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { AdamW } from "./adamw.js";
import { breathe } from "./breathe.js";
import { checkRows } from "./check-rows.js";
import { DivergenceError, RunFolderError, TrainConfigError } from "./errors.js";
import { GradientAccumulator } from "./gradient-accumulator.js";
import { LossScale, type LossScaleConfig } from "./loss-scale.js";
import type { TrainableParameter } from "./parameter.js";
import { countScored, type RowSource, type TrainingRow } from "./row-source.js";
import type { RunFolder } from "./run-folder.js";
import { runIdentity, type RunIdentity } from "./run-identity.js";
import { learningRateAt } from "./schedule.js";
import { planSteps, type StepPlan, totalSteps } from "./step-plan.js";
import { resolveTrainConfig, type TrainConfig } from "./train-config.js";

/** How the trainable parameters are written to and read from a folder, e.g. as a PEFT adapter. */
export interface ParameterFiles {
  /** Writes all parameters into the folder. */
  save(folder: string): Promise<void>;
  /** Gives all parameters the values in the folder. */
  load(folder: string): Promise<void>;
}

/** What {@link train} works on. */
export interface TrainOptions {
  readonly parameters: readonly TrainableParameter[];
  /** Summed negative log-likelihood of a batch's labels, in nats, recorded on the active tape. */
  readonly loss: (batch: LabelledBatch) => tf.Scalar;
  readonly rows: RowSource;
  /** Rows for evaluation; their mean loss a label is reported. None of them, and nothing is evaluated. */
  readonly validation?: RowSource;
  /** Token ids and labels of all rows must be below it; without it a wrong one fails in the loss. */
  readonly vocabularySize?: number;
  readonly config?: Partial<TrainConfig>;
  /** Where metrics and checkpoints go; without it nothing is written. */
  readonly run?: RunFolder;
  /** How parameters are stored in checkpoints. @defaultValue one safetensors file */
  readonly files?: ParameterFiles;
  /** Continues from the run's last checkpoint, if it has one. */
  readonly resume?: boolean;
  /** Ends the run between micro-batches; the last complete step is checkpointed. */
  readonly signal?: AbortSignal;
  /**
   * Scales the loss before it is differentiated, dynamically, for products in half precision; steps whose gradients
   * overflow are skipped. Without it nothing is scaled.
   */
  readonly lossScale?: Partial<LossScaleConfig>;
  /** A setting that is allowed and hardly meant, or a step that was skipped. */
  readonly onWarning?: (message: string) => void;
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
  /** Most bytes of tensors that were alive so far; see `tensorMemory` for engines without accounting of their own. */
  readonly peakTensorBytes: number;
  /** Resident memory of the process. */
  readonly residentBytes: number;
  /** Largest resident memory of the process so far. */
  readonly peakResidentBytes: number;
  /** Mean loss a label on the validation rows, where this step ended with an evaluation. */
  readonly validationLoss?: number;
  /** Factor on the loss of this step, where it is scaled. */
  readonly lossScale?: number;
  /** Present where a gradient overflowed: the parameters stayed as they were, and `gradNorm` is not finite. */
  readonly skipped?: true;
  /** Folder of the checkpoint, where this step ended with one. */
  readonly checkpoint?: string;
}

/** How a run, or this part of it, ended. */
export interface TrainEnd {
  /** Whether all steps are done and all evaluations that were due; false after an interrupt. */
  readonly completed: boolean;
  /** The last complete step, those before a resumption included; 0 for none. */
  readonly step: number;
}

const OPTIMISER_FILE = "optimizer.safetensors";
const LOSS_SCALE_FILE = "loss-scale.json";
const HALF_REMEDY = "half precision ends at 65504: compute in fp32, or lower the learning rate";
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

/**
 * Mean loss a label over all rows, in nats, without gradients or dropout.
 * @param batchSize rows at a time
 * @throws TrainConfigError if no row has a scored label
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
    try {
      sum += value.dataSync()[0];
    } finally {
      value.dispose();
    }
    labels += batch.reduce((count, row) => count + countScored(row), 0);
    options.onProgress?.(start + batch.length, rows.length);
    await breathe();
  }
  if (labels === 0) throw new TrainConfigError("rows", "at least one scored label", "none");
  return sum / labels;
}

/**
 * Trains parameters and yields a report after every optimiser step.
 *
 * A step's loss is the sum over all its labels divided by their number, whatever the micro-batches; gradients are
 * accumulated with the same weights. Order of rows and dropout masks follow from seed, epoch and step alone, so a run
 * that was killed and resumed gives the same bits as one that was not.
 *
 * When the signal aborts, a checkpoint of the last complete step is written and the iterator ends; its return value says
 * whether the run was complete. An evaluation that is cut short leaves its step without `validationLoss`. A run that is
 * resumed from such a step makes the evaluation up for, and yields that step's report once more.
 *
 * @returns whether the run was completed, and its last step
 * @throws TrainConfigError, RowsError, RunFolderError, DivergenceError
 */
export async function* train(options: TrainOptions): AsyncGenerator<StepReport, TrainEnd, undefined> {
  const config = resolveTrainConfig(options.config);
  const { parameters, rows, validation, run, signal } = options;
  const files = options.files ?? safetensorsFiles(parameters);
  checkParameters(parameters);
  const begun = options.resume && run ? ((await run.checkpointSteps()).at(-1) ?? 0) : 0;

  const { vocabularySize } = options;
  const hash = await checkRows(rows, "rows", { vocabularySize, signal, hash: run !== undefined });
  if (hash === null) return { completed: false, step: begun };
  if (validation && (await checkRows(validation, "validation", { vocabularySize, signal })) === null) {
    return { completed: false, step: begun };
  }

  const last = totalSteps(rows.length, config);
  if (config.warmupSteps >= last && config.warmupSteps > 0) {
    options.onWarning?.(
      `warmupSteps ${config.warmupSteps}: the run has ${last} steps, so the learning rate never reaches ${config.learningRate}`,
    );
  }
  const engine = tf.getBackend();
  const identity = runIdentity({
    ...{ engine, parameters, config, rows: hash, totalSteps: last },
    lossScale: options.lossScale,
  });
  const optimiser = new AdamW(parameters, config);
  const lossScale = options.lossScale && new LossScale(options.lossScale);
  const saveCheckpoint = (step: number): Promise<string> | undefined =>
    run?.writeCheckpoint(step, identity, async (folder) => {
      await files.save(folder);
      await writeSafetensors(
        join(folder, OPTIMISER_FILE),
        optimiser
          .state()
          .map(({ name, shape, values }) => ({ name, dtype: "F32" as const, shape, data: values })),
      );
      await lossScale?.save(join(folder, LOSS_SCALE_FILE));
    });
  const isDue = (step: number, every: number): boolean => step === last || (every > 0 && step % every === 0);
  const isEvaluated = (step: number): boolean =>
    validation !== undefined && validation.length > 0 && isDue(step, config.evalEvery);
  /** Undefined if the signal aborted. */
  const evaluate = (): Promise<number | undefined> =>
    evaluateLoss(options.loss, validation!, config.batchSize, {
      signal,
      onProgress: options.onEvaluation,
    }).catch((error: unknown) => {
      if (signal?.aborted && error === signal.reason) return undefined;
      throw error;
    });

  try {
    if (begun > last) {
      throw new RunFolderError(
        run!.path,
        `has done ${begun} steps already, more than the ${last} of this run`,
      );
    }
    if (begun > 0) await restore(run!, begun, identity, files, optimiser, lossScale);
    if (options.resume) await run?.truncateMetrics(begun);

    let isComplete = true;
    const previous = isEvaluated(begun) ? (await run?.readMetrics(begun))?.at(-1) : undefined;
    if (run && previous?.["step"] === begun && typeof previous["validationLoss"] !== "number") {
      const validationLoss = await evaluate();
      if (validationLoss === undefined) return { completed: false, step: begun };
      const report = { ...(previous as unknown as StepReport), validationLoss };
      await run.truncateMetrics(begun - 1);
      await run.appendMetrics(report);
      yield report;
    }

    let saved = begun;
    for (const plan of planSteps(rows.length, config, begun + 1)) {
      const report = await runStep(plan, last, config, options, optimiser, lossScale);
      if (!report) {
        if (saved < plan.step - 1) await saveCheckpoint(plan.step - 1);
        return { completed: false, step: plan.step - 1 };
      }
      const { step } = plan;
      const validationLoss = isEvaluated(step) ? await evaluate() : undefined;
      isComplete = !isEvaluated(step) || validationLoss !== undefined;
      const saves = run !== undefined && isDue(step, config.saveEvery);
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
    return { completed: isComplete, step: last };
  } finally {
    optimiser.dispose();
  }
}

function checkParameters(parameters: readonly TrainableParameter[]): void {
  if (parameters.length === 0) throw new TrainConfigError("parameters", "at least one to train", "none");
  const names = new Set<string>();
  for (const { name } of parameters) {
    if (names.has(name)) throw new TrainConfigError("parameters", "names that differ", `${name} twice`);
    names.add(name);
  }
}

async function restore(
  run: RunFolder,
  step: number,
  identity: RunIdentity,
  files: ParameterFiles,
  optimiser: AdamW,
  lossScale: LossScale | undefined,
): Promise<void> {
  await run.readCheckpoint(step, identity, [OPTIMISER_FILE, ...(lossScale ? [LOSS_SCALE_FILE] : [])]);
  const folder = run.checkpointPath(step);
  await lossScale?.load(join(folder, LOSS_SCALE_FILE));
  await files.load(folder);
  const moments = await openSafetensors(join(folder, OPTIMISER_FILE));
  try {
    await optimiser.restore((name) => moments.readFloat32(name));
  } finally {
    await moments.close();
  }
}

/** One optimiser step; null if the signal aborted before it was complete. */
async function runStep(
  { step, epoch, microBatches }: StepPlan,
  last: number,
  config: TrainConfig,
  { parameters, loss, rows, signal, onWarning }: TrainOptions,
  optimiser: AdamW,
  lossScale: LossScale | undefined,
): Promise<StepReport | null> {
  const started = performance.now();
  const batches = microBatches.map((numbers) => Array.from(numbers, (index) => rows.row(index)));
  const labelTokens = batches.flat().reduce((count, row) => count + countScored(row), 0);
  const tokens = batches.flat().reduce((count, row) => count + row.inputIds.length, 0);
  const gradients = new GradientAccumulator();
  const scale = lossScale?.scale ?? 1;
  const remedy = lossScale ? HALF_REMEDY : undefined;
  try {
    let lossSum = 0;
    for (const [microBatch, batch] of batches.entries()) {
      if (signal?.aborted) return null;
      const tape = new Tape(parameters.map(({ variable }) => variable));
      const weight = tf.scalar(scale / labelTokens);
      let value: tf.Scalar | null = null;
      try {
        value = withDropout({ seed: config.seed, step, microBatch }, () =>
          withTape(tape, () => loss(flatBatch(batch))),
        );
        lossSum += value.dataSync()[0];
        if (!Number.isFinite(lossSum)) {
          throw new DivergenceError(step, "loss", lossSum / labelTokens, remedy);
        }
        tape.backward(value, weight, gradients.add);
      } finally {
        tape.dispose();
        weight.dispose();
        value?.dispose();
      }
      await breathe();
    }
    const meanLoss = lossSum / labelTokens;
    const gradNorm = gradients.norm() / scale;
    const skipped = !Number.isFinite(gradNorm);
    if (!skipped) lossScale?.succeeded();
    else if (!lossScale?.overflowed()) {
      throw new DivergenceError(step, "gradient norm", gradNorm, remedy);
    } else {
      onWarning?.(
        `step ${step} skipped: a gradient overflowed under the loss scale ${scale}, which is ${lossScale.scale} from now on`,
      );
    }

    const learningRate = learningRateAt(step, last, config);
    // The small constant is PyTorch's, so that clipped runs agree.
    const clip = config.maxGradNorm > 0 ? Math.min(1, config.maxGradNorm / (gradNorm + 1e-6)) : 1;
    if (!skipped) optimiser.apply((variable) => gradients.gradient(variable), learningRate, clip / scale);
    const seconds = (performance.now() - started) / 1000;
    gradients.dispose();
    const { bytes: tensorBytes, peakBytes: peakTensorBytes } = tensorMemory();
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
      tensorBytes,
      peakTensorBytes,
      residentBytes: process.memoryUsage.rss(),
      peakResidentBytes: process.resourceUsage().maxRSS * 1024,
      ...(lossScale ? { lossScale: scale } : {}),
      ...(skipped ? { skipped } : {}),
    };
  } finally {
    gradients.dispose();
  }
}
