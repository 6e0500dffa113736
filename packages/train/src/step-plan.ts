import { rowOrder } from "@lathe/kernels";
import { TrainConfigError } from "./errors.js";
import { groupedOrder } from "./grouped-order.js";
import type { RowSource } from "./row-source.js";
import type { TrainConfig } from "./train-config.js";

/** The rows of one optimiser step, micro-batch by micro-batch. */
export interface StepPlan {
  /** From 1. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
  readonly microBatches: readonly Int32Array[];
}

/** Optimiser steps of an epoch; the last may be smaller. */
export function stepsPerEpoch(rows: number, { batchSize, gradientAccumulation }: TrainConfig): number {
  return Math.ceil(Math.ceil(rows / batchSize) / gradientAccumulation);
}

/** Relative rounding of a product of epochs and steps, with room: 0.1 × 30 must be 3 steps, not 4. */
const ROUNDING = 1e-12;

/** Optimiser steps of the whole run; part of an epoch is rounded up to a whole step, as in Transformers. */
export function totalSteps(rows: number, config: TrainConfig): number {
  if (config.maxSteps > 0) return config.maxSteps;
  const steps = config.epochs * stepsPerEpoch(rows, config);
  return Math.max(1, Math.ceil(steps * (1 - ROUNDING)));
}

/** Where in the rows a run is after a step: epochs done, and rows done of the one at hand. */
export function positionAfter(
  step: number,
  rows: number,
  config: TrainConfig,
): { readonly epoch: number; readonly rows: number } {
  const perEpoch = stepsPerEpoch(rows, config);
  const within = step % perEpoch;
  return {
    epoch: Math.floor(step / perEpoch),
    rows: within * config.gradientAccumulation * config.batchSize,
  };
}

/**
 * Every step of a run from the given one on: which rows, in which micro-batches.
 * @throws TrainConfigError where rows of like length are to share steps and the source does not tell lengths
 */
export function* planSteps(
  source: Pick<RowSource<unknown>, "length" | "tokens">,
  config: TrainConfig,
  firstStep = 1,
): Generator<StepPlan> {
  const { batchSize, gradientAccumulation, seed, shuffle, groupByLength } = config;
  const rows = source.length;
  const lengths = groupByLength ? lengthsOf(source) : null;
  const perEpoch = stepsPerEpoch(rows, config);
  const last = totalSteps(rows, config);
  let order: Int32Array | null = null;
  for (let step = firstStep; step <= last; step++) {
    const epoch = Math.floor((step - 1) / perEpoch);
    const within = (step - 1) % perEpoch;
    if (!order || within === 0) {
      order = rowOrder(rows, epoch, seed, shuffle);
      if (lengths) order = groupedOrder(order, lengths, batchSize * gradientAccumulation, { epoch, seed });
    }
    const microBatches: Int32Array[] = [];
    for (let i = 0; i < gradientAccumulation; i++) {
      const start = (within * gradientAccumulation + i) * batchSize;
      if (start < rows) microBatches.push(order.slice(start, start + batchSize));
    }
    yield { step, epoch, microBatches };
  }
}

/** [rows] tokens of every row. @throws TrainConfigError where the source does not tell them */
function lengthsOf(source: Pick<RowSource<unknown>, "length" | "tokens">): Int32Array {
  if (!source.tokens) {
    throw new TrainConfigError(
      "groupByLength",
      "false for rows whose source does not tell their lengths",
      true,
    );
  }
  const { length } = source;
  const lengths = new Int32Array(length);
  for (let index = 0; index < length; index++) lengths[index] = source.tokens(index);
  return lengths;
}
