import { phrase } from "@lathe/files";
import type { ExpertForecast } from "@lathe/model";
import { engineInUse, peakResidentBytes, Tape, tensorMemory, withDropout, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { BadStep } from "./bad-step.js";
import { breathe } from "./breathe.js";
import { TrainConfigError } from "./errors.js";
import { GradientAccumulator } from "./gradient-accumulator.js";
import type { LossScale } from "./loss-scale.js";
import type { BatchSize } from "./objective.js";
import type { Optimiser } from "./optimiser.js";
import { placedRows } from "./placed-rows.js";
import type { TrainableParameter } from "./parameter.js";
import type { ProximalTerm } from "./proximal-term.js";
import type { Schedule } from "./schedule.js";
import type { StepPlan, StepPlans } from "./step-plan.js";
import type { StepReport } from "./step-report.js";
import { passOf, plainLosses } from "./plain-loss.js";
import { Tally } from "./tally.js";
import type { TrainConfig } from "./train-config.js";
import type { TrainOptions } from "./train-options.js";
import { walkBothWays } from "./walk/walk-both-ways.js";

/** What all steps of a run have in common. */
export interface StepWork<Row, Batch> extends Pick<
  TrainOptions<Row, Batch>,
  "objective" | "rows" | "reduce" | "share" | "signal" | "onWarning" | "walk" | "streams" | "origin"
> {
  readonly config: TrainConfig;
  /** Which rows each step has. */
  readonly plans: StepPlans;
  /** What is known of the experts that tokens choose. */
  readonly forecast: ExpertForecast;
  readonly totalSteps: number;
  readonly optimiser: Optimiser;
  /** The parameters that a step trains. */
  readonly parametersAt: (step: number) => readonly TrainableParameter[];
  /** Has the optimiser's state be that of the step, whether it is applied or not. @returns whether the state of the step before went */
  readonly enterStep: (step: number) => boolean;
  readonly schedule: Schedule;
  /** Undefined where the loss is not scaled. */
  readonly lossScale: LossScale | undefined;
  /** What draws the parameters back to where the run began; undefined where nothing does. */
  readonly proximalTerm: ProximalTerm | undefined;
  /** Whether parameters or the state are being changed: a step that fails then leaves neither the old values nor the new ones. */
  isApplying: boolean;
  /** Numbers of the micro-batches of the step at hand that this process computes. */
  ownMicroBatches: readonly number[];
}

/** A micro-batch that this process computes. */
interface MicroBatch<Batch> {
  /** Its number within the step, whoever computes it. */
  readonly number: number;
  readonly batch: Batch;
}

/** What is added up over the micro-batches of a step. */
interface StepSums {
  readonly gradients: GradientAccumulator;
  /** Those of each micro-batch, where the hook wants them apart. */
  readonly parts: GradientAccumulator[];
  readonly tally: Tally;
  /** Time in which this process computed, in seconds. */
  seconds: number;
}

/** What is in a step, of all processes. */
interface StepSize extends BatchSize {
  /** Whether a process was interrupted before the step. */
  readonly isInterrupted: boolean;
}

/** One optimiser step; null if the signal aborted before it was complete. */
export async function takeStep<Row, Batch>(
  plan: StepPlan,
  work: StepWork<Row, Batch>,
): Promise<StepReport | null> {
  const started = performance.now();
  const { step, epoch } = plan;
  const { reduce, lossScale, totalSteps } = work;
  const scale = lossScale?.scale ?? 1;
  const gradients = new GradientAccumulator();
  const parts: GradientAccumulator[] = [];
  const dispose = (): void => {
    for (const each of [gradients, ...parts]) each.dispose();
  };
  try {
    const microBatches = await microBatchesOf(plan, work);
    const size = await sizeOf(microBatches, work);
    if (size.isInterrupted) return null;
    const tally = new Tally(work.objective.measures);
    const compute = work.walk ? walkStep : accumulate;
    const sums = { gradients, parts, tally, seconds: 0 };
    const ownSum = await compute(step, microBatches, size.units, sums, work);
    if (ownSum === null) return null;
    await reduce?.computed?.({ tokens: tokensOf(microBatches, work), seconds: sums.seconds });
    const ownSums = [ownSum, ...tally.numbers()];
    const [lossSum, ...measured] = reduce ? await reduce.numbers(ownSums) : ownSums;
    const loss = lossSum / size.units;
    const isFinite = Number.isFinite(loss);
    // Ranks that share what they update are dealt it before gradients are summed.
    work.isApplying = work.enterStep(step);
    const squares = isFinite ? await finishGradients(step, sums, work) : Number.NaN;
    const gradNorm = Math.sqrt(squares) / scale;
    const isSkipped = !Number.isFinite(gradNorm);
    const isBad = isSkipped ? !isFinite || !mends(step, work) : false;
    if (!isSkipped) lossScale?.succeeded();
    const bad = isBad ? await badStepOf(plan, isFinite ? gradients : null, work) : null;
    const learningRate = work.schedule(step, totalSteps);
    if (!isSkipped) {
      const clip = clippingOf(gradNorm, work.config.maxGradNorm);
      work.isApplying = true;
      await work.optimiser.apply((variable) => gradients.gradient(variable), learningRate, clip / scale);
    }
    work.isApplying = false;
    const seconds = (performance.now() - started) / 1000;
    dispose();
    const { bytes: tensorBytes, peakBytes: peakTensorBytes } = tensorMemory();
    return {
      step,
      totalSteps,
      epoch,
      loss,
      ...tally.report(measured),
      gradNorm,
      learningRate,
      labelTokens: size.labelTokens,
      tokens: size.tokens,
      tokensPerSecond: size.tokens / seconds,
      seconds,
      tensorBytes,
      peakTensorBytes,
      residentBytes: process.memoryUsage.rss(),
      peakResidentBytes: peakResidentBytes(),
      ...(lossScale ? { lossScale: scale } : {}),
      ...(isSkipped ? { skipped: true } : {}),
      ...(bad ? { bad } : {}),
    };
  } finally {
    dispose();
  }
}

/** Makes the gradients of a step those of all processes and of all terms. @returns the sum of their squares */
async function finishGradients<Row, Batch>(
  step: number,
  { gradients, parts }: StepSums,
  { reduce, proximalTerm, parametersAt, lossScale }: StepWork<Row, Batch>,
): Promise<number> {
  const squares = await reduce?.gradients(gradients, parts);
  if (!proximalTerm) return squares ?? gradients.sumOfSquares();
  if (squares !== undefined)
    throw new TrainConfigError(
      "proximal",
      "0 where each process has a part of the gradients",
      proximalTerm.strength,
    );
  proximalTerm.addTo(gradients, parametersAt(step), lossScale?.scale ?? 1);
  return gradients.sumOfSquares();
}

/** The micro-batches of a step that this process computes. The objective sees the rows of all. */
async function microBatchesOf<Row, Batch>(
  plan: StepPlan,
  work: StepWork<Row, Batch>,
): Promise<MicroBatch<Batch>[]> {
  const { objective, rows, share } = work;
  const batches = await objective.batches(
    plan.microBatches.map((numbers) => Array.from(numbers, (index) => rows.row(index))),
  );
  const tokens = (): number[] => batches.map((batch) => objective.size(batch).tokens);
  work.ownMicroBatches = share?.(batches.length, tokens()) ?? [...batches.keys()];
  return work.ownMicroBatches.map((number) => ({ number, batch: batches[number] }));
}

function tokensOf<Row, Batch>(
  microBatches: readonly MicroBatch<Batch>[],
  { objective }: StepWork<Row, Batch>,
): number {
  return microBatches.reduce((sum, { batch }) => sum + objective.size(batch).tokens, 0);
}

async function sizeOf<Row, Batch>(
  microBatches: readonly MicroBatch<Batch>[],
  { objective, reduce, signal }: StepWork<Row, Batch>,
): Promise<StepSize> {
  let [units, labelTokens, tokens] = [0, 0, 0];
  for (const { batch } of microBatches) {
    const size = objective.size(batch);
    units += size.units;
    labelTokens += size.labelTokens;
    tokens += size.tokens;
  }
  if (!reduce) return { units, labelTokens, tokens, isInterrupted: false };
  // One process's interrupt is everyone's: those that went on would wait for its gradients for ever.
  const interrupts = signal?.aborted ? 1 : 0;
  const sums = await reduce.numbers([units, labelTokens, tokens, interrupts]);
  return { units: sums[0], labelTokens: sums[1], tokens: sums[2], isInterrupted: sums[3] > 0 };
}

/**
 * Runs the micro-batches forward and backward.
 * @param units of the whole step, by which gradients are divided
 * @returns this process's sum of losses, which ends with the first that is not finite; null if the signal aborted
 */
async function accumulate<Row, Batch>(
  step: number,
  microBatches: readonly MicroBatch<Batch>[],
  units: number,
  stepSums: StepSums,
  work: StepWork<Row, Batch>,
): Promise<number | null> {
  const { gradients, parts, tally } = stepSums;
  const { parametersAt, objective, config, lossScale, reduce, signal } = work;
  const scale = lossScale?.scale ?? 1;
  const parameters = parametersAt(step);
  let lossSum = 0;
  for (const { number: microBatch, batch } of microBatches) {
    if (!reduce && signal?.aborted) return null;
    const tape = new Tape(parameters.map(({ variable }) => variable));
    const weight = tf.scalar(scale / units);
    let value: tf.Scalar | null = null;
    const sums = reduce?.keepsApart ? new GradientAccumulator() : gradients;
    if (sums !== gradients) parts.push(sums);
    const started = performance.now();
    try {
      value = withDropout({ seed: config.seed, step, microBatch }, () =>
        withTape(tape, () => objective.loss(batch, tally.add)),
      );
      lossSum += value.dataSync()[0];
      if (!Number.isFinite(lossSum)) return lossSum;
      tape.backward(value, weight, sums.add);
    } finally {
      tape.dispose();
      weight.dispose();
      value?.dispose();
      stepSums.seconds += (performance.now() - started) / 1000;
    }
    await breathe();
  }
  return lossSum;
}

/** {@link accumulate} with all micro-batches through a layer before the next. */
async function walkStep<Row, Batch>(
  step: number,
  microBatches: readonly MicroBatch<Batch>[],
  units: number,
  stepSums: StepSums,
  work: StepWork<Row, Batch>,
): Promise<number | null> {
  const { gradients, parts } = stepSums;
  const started = performance.now();
  const { parametersAt, objective, config, lossScale, reduce, signal, walk, streams, forecast } = work;
  const batches = microBatches.map(({ number: microBatch, batch }) => ({
    pass: passOf(objective, batch),
    dropoutKey: { seed: config.seed, step, microBatch },
  }));
  const walked = async (some: typeof batches, sums: GradientAccumulator): Promise<number> =>
    await walkBothWays(walk!, some, {
      watched: parametersAt(step).map(({ variable }) => variable),
      weight: (lossScale?.scale ?? 1) / units,
      accumulate: sums.add,
      streams,
      forecast,
      signal: reduce ? undefined : signal,
    });
  try {
    if (batches.length === 0) return 0;
    if (!reduce?.keepsApart) return await walked(batches, gradients);
    // Layers are read once for each micro-batch then.
    let lossSum = 0;
    for (const batch of batches) {
      const sums = new GradientAccumulator();
      parts.push(sums);
      lossSum += await walked([batch], sums);
    }
    return lossSum;
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null;
    throw error;
  } finally {
    stepSums.seconds += (performance.now() - started) / 1000;
  }
}

/** Makes the loss scale smaller under which a gradient overflowed. @returns whether there was one that could be made smaller */
function mends<Row, Batch>(step: number, { lossScale, onWarning }: StepWork<Row, Batch>): boolean {
  const before = lossScale?.scale;
  if (!lossScale?.overflowed()) return false;
  onWarning?.(
    phrase`step ${step} skipped: a gradient overflowed under the loss scale ${before!}, which is ${lossScale.scale} from now on`,
  );
  return true;
}

/** Looks for what makes a step's loss or gradients not finite. @param gradients null where it is the loss */
async function badStepOf<Row, Batch>(
  plan: StepPlan,
  gradients: GradientAccumulator | null,
  work: StepWork<Row, Batch>,
): Promise<BadStep> {
  const { parametersAt, reduce } = work;
  const isBroken = (tensor: tf.Tensor | null): boolean =>
    tensor !== null && !Number.isFinite(engineInUse().routines.sumOfSquares([tensor]));
  const parameters = parametersAt(plan.step);
  const own = parameters.map(({ variable }) =>
    isBroken(gradients ? gradients.gradient(variable) : variable) ? 1 : 0,
  );
  // Each process may hold a part of the gradients only.
  const broken = (await reduce?.numbers(own)) ?? own;
  const tensors = parameters.filter((_, index) => broken[index] > 0).map(({ name }) => name);
  const all = ownRows(plan, work);
  const rows: number[] = [];
  const compute = async (): Promise<void> => {
    for (const index of all) if (!Number.isFinite(await lossAlone(index, work))) rows.push(index);
  };
  const search = work.origin;
  if (!search && !gradients) await compute();
  const found = (await search?.(compute, gradients !== null)) ?? null;
  // That no stored weight is at fault is worth a word only where no parameter is, either.
  const origin = found && (found.stored.length > 0 || tensors.length === 0) ? { origin: found } : {};
  if (gradients) return { quantity: "gradient norm", ...placedRows(work.rows, all), tensors, ...origin };
  return { quantity: "loss", ...placedRows(work.rows, rows.length > 0 ? rows : all), tensors, ...origin };
}

/** Numbers of a step's rows that this process computes. */
export function ownRows<Row, Batch>(
  plan: StepPlan,
  { ownMicroBatches }: Pick<StepWork<Row, Batch>, "ownMicroBatches">,
): number[] {
  return ownMicroBatches.flatMap((number) => Array.from(plan.microBatches[number]));
}

/** Sum of the losses of a row by itself, without dropout. */
async function lossAlone<Row, Batch>(
  index: number,
  { objective, rows, walk, forecast }: StepWork<Row, Batch>,
): Promise<number> {
  const batches = await objective.batches([[rows.row(index)]]);
  const [loss] = await plainLosses(objective, batches, { walk, forecast });
  return loss;
}

/** Factor on gradients that brings their norm down to the limit; 0 is no limit. */
function clippingOf(gradNorm: number, limit: number): number {
  // The small constant is PyTorch's, so that clipped runs agree.
  return limit > 0 ? Math.min(1, limit / (gradNorm + 1e-6)) : 1;
}
