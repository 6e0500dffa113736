import { field, phrase } from "@lathe/files";
import { ExpertForecast } from "@lathe/model";
import { engineInUse } from "@lathe/tensor";
import type { CheckpointFacts } from "./checkpoint.js";
import { checkRows } from "./check-rows.js";
import { BadSteps } from "./bad-step.js";
import { DivergenceError, RunFolderError, TrainConfigError } from "./errors.js";
import { LossScale } from "./loss-scale.js";
import { LossSpikes } from "./loss-spikes.js";
import { StallWatch } from "./loss-stall.js";
import { namedOptimiser } from "./named-optimiser.js";
import { checkParameters } from "./parameter.js";
import { evaluationBatches } from "./evaluation-batches.js";
import { placedRows } from "./placed-rows.js";
import type { RunFolder } from "./run-folder.js";
import { runIdentity, type RunIdentity } from "./run-identity.js";
import { RunState } from "./run-state.js";
import { SampledOptimiser } from "./sampled-optimiser.js";
import { namedSchedule } from "./schedule.js";
import type { StepReport, TrainEnd } from "./step-report.js";
import { Patience } from "./patience.js";
import { ProximalTerm } from "./proximal-term.js";
import { StepPlans } from "./step-plan.js";
import { ownRows, type StepWork, takeStep } from "./take-step.js";
import { safetensorsFiles, tensorPart } from "./tensor-part.js";
import { resolveTrainConfig, type TrainConfig } from "./train-config.js";
import type { TrainOptions } from "./train-options.js";
import { validate } from "./validate.js";
import { type ValidationReport, validationReport } from "./validation-report.js";

const HALF_REMEDY = phrase`half precision ends at 65504: compute in fp32, or lower the learning rate`;

const OPTIMISER_FILE = "optimizer.safetensors";
const PROXIMAL_FILE = "origin.safetensors";

/**
 * Trains parameters and yields a report after every optimiser step.
 *
 * A step's loss is the sum over all its units (labels, under the supervised objective) divided by their number, whatever the
 * micro-batches; gradients are accumulated with the same weights. Order of rows and dropout masks follow from seed, epoch and
 * step alone, so a run that was killed and resumed gives the same bits as one that was not.
 *
 * When the signal aborts, a checkpoint of the last complete step is written and the iterator ends; its return value says
 * whether the run was complete. An evaluation that is cut short leaves its step without `validationLoss`. A run that is
 * resumed from such a step makes the evaluation up for, and yields that step's report once more.
 *
 * A step whose loss or gradients are not finite is not applied. After `maxBadSteps` of them in a row a checkpoint is written,
 * with the parameters as the last good step left them, and the iterator throws.
 *
 * @returns whether the run was completed, and its last step
 * @throws TrainConfigError, RowsError, RunFolderError, NoIntactCheckpointError, DivergenceError
 */
export async function* train<Row, Batch>(
  options: TrainOptions<Row, Batch>,
): AsyncGenerator<StepReport, TrainEnd, undefined> {
  const config = resolveTrainConfig(options.config);
  const { parameters, run, proximal = 0 } = options;
  checkParameters(parameters);
  if (!(proximal >= 0 && Number.isFinite(proximal)))
    throw new TrainConfigError("proximal", "a number from 0", proximal);
  const from = options.resume && run ? await run.newestIntact() : null;
  const begun = from?.state.step ?? 0;
  const hash = await checkAllRows(options);
  if (hash === null) return { completed: false, step: begun };

  const plans = new StepPlans(options.rows, config);
  const last = plans.totalSteps;
  warnOfWarmup(config, last, options);
  const create = options.optimiser ?? namedOptimiser(config);
  const sampled = options.sampling && new SampledOptimiser(create, parameters, options.sampling);
  const optimiser = sampled ?? create(parameters);
  const proximalTerm = proximal > 0 ? new ProximalTerm(parameters, proximal) : undefined;
  try {
    const lossScale = options.lossScale && new LossScale(options.lossScale);
    const work: StepWork<Row, Batch> = {
      ...options,
      config,
      plans,
      forecast: new ExpertForecast(),
      totalSteps: last,
      optimiser,
      parametersAt: (step) => sampled?.trainedAt(step) ?? parameters,
      enterStep: (step) => sampled?.enter(step) ?? false,
      schedule: options.schedule ?? namedSchedule(config),
      lossScale,
      proximalTerm,
      isApplying: false,
      ownMicroBatches: [],
    };
    const identity = runIdentity({
      engine: engineInUse().name,
      parameters,
      config,
      rows: hash,
      totalSteps: last,
      objective: { ...options.objective.identity, ...(proximalTerm ? { proximal } : {}) },
      optimiser: optimiser.identity,
      schedule: options.schedule,
      lossScale: options.lossScale,
    });
    const state = run && stateOf(run, identity, work, options);
    if (begun > last) {
      throw new RunFolderError(
        run!.path,
        phrase`has done ${begun} steps already, more than the ${last} of this run`,
      );
    }
    if (from) {
      options.onResume?.(from);
      sampled?.enter(begun);
      await state!.load(from);
      // The run may have ended between the writing of this one and the removal of what it takes the place of.
      if (options.savesCheckpoints ?? true) await state!.removeOld(begun);
    }
    if (options.resume) await run?.truncateMetrics(begun);
    return yield* takeSteps(begun, work, options, state);
  } finally {
    optimiser.dispose();
    proximalTerm?.dispose();
  }
}

/** Checks the rows of training and validation. @returns the hash of those of training; null if the signal aborted */
async function checkAllRows<Row, Batch>(options: TrainOptions<Row, Batch>): Promise<string | null> {
  const { objective, rows, validation, run, signal } = options;
  const hash = await checkRows(rows, "rows", { objective, signal, hash: run !== undefined });
  if (hash === null || !validation) return hash;
  return (await checkRows(validation, "validation", { objective, signal })) === null ? null : hash;
}

function warnOfWarmup<Row, Batch>(
  { warmupSteps, learningRate }: TrainConfig,
  last: number,
  { schedule, onWarning }: TrainOptions<Row, Batch>,
): void {
  if (schedule || warmupSteps < last || warmupSteps === 0) return;
  onWarning?.(
    phrase`${field("warmupSteps")} ${warmupSteps}: the run has ${last} steps, so the learning rate never reaches ${learningRate}`,
  );
}

/** All that checkpoints of a run hold. */
function stateOf<Row, Batch>(
  run: RunFolder,
  identity: RunIdentity,
  { optimiser, lossScale, proximalTerm, config, plans, schedule, totalSteps: last }: StepWork<Row, Batch>,
  { parameters, objective, files, state = {}, onWarning }: TrainOptions<Row, Batch>,
): RunState {
  const factsAt = (step: number): CheckpointFacts => ({
    step,
    config,
    data: plans.positionAfter(step),
    random: { seed: config.seed, step },
    schedule: { totalSteps: last, learningRate: schedule(step, last) },
    identity,
  });
  const parts = new RunState({ run, factsAt, keep: config.keepCheckpoints, onWarning });
  parts.add("parameters", files ?? safetensorsFiles(parameters));
  parts.add("optimiser", tensorPart(OPTIMISER_FILE, optimiser));
  parts.add("lossScale", lossScale);
  if (proximalTerm) parts.add("proximal", tensorPart(PROXIMAL_FILE, proximalTerm));
  parts.add("objective", objective.state);
  for (const [name, part] of Object.entries(state)) parts.add(name, part);
  return parts;
}

/** The steps after the ones that are done, with their evaluations and checkpoints. */
async function* takeSteps<Row, Batch>(
  begun: number,
  work: StepWork<Row, Batch>,
  { validation, run, share, reduce, signal, onEvaluation, savesCheckpoints = true }: TrainOptions<Row, Batch>,
  state: RunState | undefined,
): AsyncGenerator<StepReport, TrainEnd, undefined> {
  const { config, objective, rows, totalSteps: last } = work;
  const isDue = (step: number, every: number): boolean => step === last || (every > 0 && step % every === 0);
  const isEvaluated = (step: number): boolean =>
    validation !== undefined && validation.length > 0 && isDue(step, config.evalEvery);
  /** Undefined if the signal aborted. */
  const evaluate = (): Promise<ValidationReport | undefined> =>
    validate(objective, validation!, {
      batches: evaluationBatches(validation!, config),
      walk: work.walk,
      // As many residual streams as a step has in memory.
      walkedBatches:
        config.gradientAccumulation *
        (work.streams?.isInMemory === false ? 1 : (work.walk?.config.layerCount ?? 1)),
      forecast: work.forecast,
      share,
      reduce,
      signal,
      onProgress: onEvaluation,
    }).then(validationReport, (error: unknown) => {
      if (signal?.aborted && error === signal.reason) return undefined;
      throw error;
    });

  const previous = isEvaluated(begun) ? (await run?.readMetrics(begun))?.at(-1) : undefined;
  if (run && previous?.["step"] === begun && typeof previous["validationLoss"] !== "number") {
    const evaluated = await evaluate();
    if (evaluated === undefined) return { completed: false, step: begun };
    const report = { ...(previous as unknown as StepReport), ...evaluated };
    await run.truncateMetrics(begun - 1, report);
    state?.noteEvaluation(begun, evaluated.validationLoss);
    yield report;
  }

  const save = async (step: number): Promise<void> => {
    await (savesCheckpoints ? state?.save(step) : state?.follow());
  };
  const patience = new Patience(config.patience);
  const badSteps = new BadSteps();
  const spikes = new LossSpikes();
  const stall = new StallWatch(config, last);
  for (const line of begun > 0 && run ? await run.readMetrics(begun) : []) {
    if (typeof line["validationLoss"] === "number") patience.note(line["validationLoss"]);
    badSteps.note(line);
    spikes.note(line["loss"]);
    stall.note(line);
  }
  if (patience.isExhausted)
    return { completed: true, step: begun, ...(begun < last ? { stoppedEarly: true } : {}) };

  let isComplete = true;
  let saved = begun;
  for (const plan of work.plans.from(begun + 1)) {
    const { step } = plan;
    const report = await takeStep(plan, work).catch(async (error: unknown) => {
      // Memory may have run out: where parameters are still those of the step before, a smaller run goes on from there.
      const isAlone = state !== undefined && !state.isShared;
      if (saved < step - 1 && !work.isApplying && isAlone) await save(step - 1).catch(() => undefined);
      throw error;
    });
    if (!report) {
      if (saved < step - 1) await save(step - 1);
      return { completed: false, step: step - 1 };
    }
    const evaluated = isEvaluated(step) ? await evaluate() : undefined;
    isComplete = !isEvaluated(step) || evaluated !== undefined;
    const isBest = evaluated !== undefined && state?.noteEvaluation(step, evaluated.validationLoss) === true;
    if (evaluated) patience.note(evaluated.validationLoss);
    badSteps.note(report);
    const spike = spikes.note(report.loss);
    const stalled = stall.note(report);
    const gaveUp = badSteps.inARow >= config.maxBadSteps;
    const stopsEarly = patience.isExhausted && step < last;
    const saves =
      run !== undefined &&
      (isBest || stopsEarly || (gaveUp && report.bad !== undefined) || isDue(step, config.saveEvery));
    const complete: StepReport = {
      ...report,
      ...evaluated,
      ...(spike ? { spike: { ...spike, ...placedRows(rows, ownRows(plan, work)) } } : {}),
      ...(stalled === undefined ? {} : { stalled }),
      ...(saves ? { checkpoint: run.checkpointPath(step) } : {}),
    };
    // Metrics first: after a kill between the two, the resumed run drops the line and writes it again.
    await run?.appendMetrics(complete);
    if (saves) {
      await save(step);
      saved = step;
    }
    yield complete;
    if (gaveUp && report.bad) {
      const value = report.bad.quantity === "loss" ? report.loss : report.gradNorm;
      const remedy = work.lossScale ? HALF_REMEDY : undefined;
      throw new DivergenceError(step, report.bad, value, badSteps.inARow, remedy);
    }
    if (stopsEarly) return { completed: true, step, stoppedEarly: true };
  }
  return { completed: isComplete, step: last };
}
