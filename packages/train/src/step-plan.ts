import { rowOrder } from "@lathe/kernels";
import { cutByTokens } from "./cut-by-tokens.js";
import { groupedOrder, groupedSteps } from "./grouped-order.js";
import { rowLengths } from "./row-lengths.js";
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

/** Relative rounding of a product of epochs and steps, with room: 0.1 × 30 must be 3 steps, not 4. */
const ROUNDING = 1e-12;

/** What plans ask of the rows of a run. */
export type PlannedRows = Pick<RowSource<unknown>, "length" | "tokens">;

/**
 * How the rows of a run fall into optimiser steps and micro-batches. It follows from the rows' number or lengths and the settings alone,
 * so that a run goes on anywhere. A step has the same rows however it falls into micro-batches.
 *
 * With `maxTokensPerBatch` a step has as many rows as do not exceed the tokens of all its micro-batches, and its micro-batches as
 * many as do not exceed theirs: how many there are varies by a few. Epochs differ in their steps then.
 */
export class StepPlans {
  readonly #rows: number;
  readonly #lengths: Int32Array | null;
  readonly #config: TrainConfig;
  /** Steps of the epochs that were looked at, with token budgets. */
  readonly #counts: number[] = [];
  /** The epoch that was looked at last, and the rows of its steps. */
  #newest: { readonly epoch: number; readonly steps: readonly Int32Array[] } | null = null;

  /** @throws TrainConfigError where batches follow from lengths and the source does not tell them */
  constructor(source: PlannedRows, config: TrainConfig) {
    this.#rows = source.length;
    this.#lengths = rowLengths(source, config);
    this.#config = config;
  }

  /** Optimiser steps of an epoch from 0; the last may be smaller. */
  stepsOf(epoch: number): number {
    const { batchSize, gradientAccumulation, maxTokensPerBatch } = this.#config;
    if (maxTokensPerBatch === 0) return Math.ceil(Math.ceil(this.#rows / batchSize) / gradientAccumulation);
    return (this.#counts[epoch] ??= this.#stepsOf(epoch).length);
  }

  /** Optimiser steps of the whole run; part of an epoch is rounded up to a whole step, as in Transformers. */
  get totalSteps(): number {
    const { maxSteps, maxTokensPerBatch, epochs } = this.#config;
    if (maxSteps > 0) return maxSteps;
    const whole = maxTokensPerBatch === 0 ? 0 : Math.floor(epochs * (1 + ROUNDING));
    let steps = 0;
    for (let epoch = 0; epoch < whole; epoch++) steps += this.stepsOf(epoch);
    const part = Math.max(0, epochs - whole) * (1 - ROUNDING);
    return Math.max(1, steps + (part > ROUNDING ? Math.ceil(part * this.stepsOf(whole)) : 0));
  }

  /** Where in the rows a run is after a step: epochs done, and rows done of the one at hand. */
  positionAfter(step: number): { readonly epoch: number; readonly rows: number } {
    const { batchSize, gradientAccumulation, maxTokensPerBatch } = this.#config;
    const { epoch, within } = this.#placeOf(step);
    if (maxTokensPerBatch === 0) return { epoch, rows: within * gradientAccumulation * batchSize };
    const done = this.#stepsOf(epoch).slice(0, within);
    return { epoch, rows: done.reduce((sum, { length }) => sum + length, 0) };
  }

  /** Every step from the given one on: which rows, in which micro-batches. */
  *from(firstStep = 1): Generator<StepPlan, void, undefined> {
    const last = this.totalSteps;
    if (firstStep > last || this.#rows === 0) return;
    let { epoch, within } = this.#placeOf(firstStep - 1);
    for (let step = firstStep; step <= last; step++) {
      yield { step, epoch, microBatches: this.#microBatchesOf(this.#stepsOf(epoch)[within]) };
      if (++within === this.stepsOf(epoch)) [epoch, within] = [epoch + 1, 0];
    }
  }

  /** The epoch at hand when so many steps are done, and how many of its own are. */
  #placeOf(steps: number): { readonly epoch: number; readonly within: number } {
    if (this.#config.maxTokensPerBatch === 0) {
      const perEpoch = this.stepsOf(0);
      return { epoch: Math.floor(steps / perEpoch), within: steps % perEpoch };
    }
    let epoch = 0;
    let within = steps;
    for (; within >= this.stepsOf(epoch); epoch++) within -= this.stepsOf(epoch);
    return { epoch, within };
  }

  /** The rows of each step of an epoch. */
  #stepsOf(epoch: number): readonly Int32Array[] {
    if (this.#newest?.epoch !== epoch) this.#newest = { epoch, steps: this.#orderSteps(epoch) };
    return this.#newest.steps;
  }

  #orderSteps(epoch: number): readonly Int32Array[] {
    const { batchSize, gradientAccumulation, maxTokensPerBatch, seed, shuffle, groupByLength } = this.#config;
    const order = rowOrder(this.#rows, epoch, seed, shuffle);
    const lengths = this.#lengths;
    if (lengths !== null && maxTokensPerBatch > 0) {
      const cut = (rows: Int32Array): Int32Array[] =>
        cutByTokens(rows, lengths, maxTokensPerBatch * gradientAccumulation);
      return groupByLength ? groupedSteps(order, lengths, cut, { epoch, seed }) : cut(order);
    }
    const stepRows = batchSize * gradientAccumulation;
    const ordered =
      lengths !== null && groupByLength ? groupedOrder(order, lengths, stepRows, { epoch, seed }) : order;
    return Array.from({ length: this.stepsOf(epoch) }, (_, step) =>
      ordered.subarray(step * stepRows, (step + 1) * stepRows),
    );
  }

  #microBatchesOf(step: Int32Array): Int32Array[] {
    const { batchSize, maxTokensPerBatch } = this.#config;
    if (this.#lengths !== null && maxTokensPerBatch > 0) {
      return cutByTokens(step, this.#lengths, maxTokensPerBatch).map((rows) => rows.slice());
    }
    return Array.from({ length: Math.ceil(step.length / batchSize) }, (_, number) =>
      step.slice(number * batchSize, (number + 1) * batchSize),
    );
  }
}

/**
 * Every step of a run from the given one on.
 * @throws TrainConfigError where batches follow from lengths and the source does not tell them
 */
export function planSteps(
  source: PlannedRows,
  config: TrainConfig,
  firstStep = 1,
): Generator<StepPlan, void, undefined> {
  return new StepPlans(source, config).from(firstStep);
}
