import { rowOrder } from "./row-order.js";
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

/** Optimiser steps of the whole run. */
export function totalSteps(rows: number, config: TrainConfig): number {
  if (config.maxSteps > 0) return config.maxSteps;
  return Math.max(1, Math.round(config.epochs * stepsPerEpoch(rows, config)));
}

/** Every step of a run from the given one on: which rows, in which micro-batches. */
export function* planSteps(rows: number, config: TrainConfig, firstStep = 1): Generator<StepPlan> {
  const { batchSize, gradientAccumulation, seed, shuffle } = config;
  const perEpoch = stepsPerEpoch(rows, config);
  const last = totalSteps(rows, config);
  let order: Int32Array | null = null;
  for (let step = firstStep; step <= last; step++) {
    const epoch = Math.floor((step - 1) / perEpoch);
    const within = (step - 1) % perEpoch;
    if (!order || within === 0) order = rowOrder(rows, epoch, seed, shuffle);
    const microBatches: Int32Array[] = [];
    for (let i = 0; i < gradientAccumulation; i++) {
      const start = (within * gradientAccumulation + i) * batchSize;
      if (start < rows) microBatches.push(order.slice(start, start + batchSize));
    }
    yield { step, epoch, microBatches };
  }
}
