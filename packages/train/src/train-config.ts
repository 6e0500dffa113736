import { phrase } from "@lathe/files";
import type { Phrase } from "@lathe/files";
import { TrainConfigError } from "./errors.js";
import { type OptimizerName, optimizerNames } from "./named-optimiser.js";
import { type ScheduleName, scheduleNames } from "./schedule.js";

/** How a run learns. Steps are optimiser steps. */
export interface TrainConfig {
  /** Rows a micro-batch. @defaultValue 4 */
  readonly batchSize: number;
  /**
   * Most tokens of a micro-batch, which then has as many rows as fit instead of `batchSize`, one at least; 0 for no such limit. A step
   * has as many rows as fit into `gradientAccumulation` times as many tokens. @defaultValue 0
   */
  readonly maxTokensPerBatch: number;
  /** Micro-batches a step. @defaultValue 4 */
  readonly gradientAccumulation: number;
  /** Passes over the rows. @defaultValue 3 */
  readonly epochs: number;
  /** Steps in all; 0 for as many as the epochs hold. @defaultValue 0 */
  readonly maxSteps: number;
  /** Peak of the schedule. @defaultValue 3e-5 */
  readonly learningRate: number;
  /** Course of the learning rate after the warm-up. @defaultValue "cosine" */
  readonly schedule: ScheduleName;
  /** Steps over which the rate rises from 0 to its peak. @defaultValue 0 */
  readonly warmupSteps: number;
  /** Decoupled weight decay a step, times the learning rate. @defaultValue 0 */
  readonly weightDecay: number;
  /**
   * What turns gradients into steps: `adamw`, `adamw8bit` (its moments in 8 bits by blocks), `adafactor` (no first moment and
   * rows and columns of the second) or `sgd` (no moments at all); the last two without `beta1`, `beta2` and `epsilon`.
   * @defaultValue "adamw"
   */
  readonly optimizer: OptimizerName;
  /** Decay of the first moment. @defaultValue 0.9 */
  readonly beta1: number;
  /** Decay of the second moment. @defaultValue 0.999 */
  readonly beta2: number;
  /** Added to the root of the second moment. @defaultValue 1e-8 */
  readonly epsilon: number;
  /** Gradients are scaled down to this global norm; 0 for no limit. @defaultValue 1 */
  readonly maxGradNorm: number;
  /** Whether each epoch sees the rows in an order of its own. @defaultValue true */
  readonly shuffle: boolean;
  /** Whether rows of like length share a step, so that its micro-batches are of like size; steps still come in random order. @defaultValue false */
  readonly groupByLength: boolean;
  /** Order of rows and dropout masks follow from it. @defaultValue 0 */
  readonly seed: number;
  /** Steps between checkpoints, of which there is one after every lowest validation loss, too; 0 for none between. @defaultValue 500 */
  readonly saveEvery: number;
  /** Newest checkpoints that are kept, besides the one of the lowest validation loss; 0 for all. @defaultValue 3 */
  readonly keepCheckpoints: number;
  /** Steps between evaluations on the validation rows; 0 for one at the end only. @defaultValue 0 */
  readonly evalEvery: number;
  /** Evaluations in a row without a lower validation loss after which the run ends; 0 for no such end. @defaultValue 0 */
  readonly patience: number;
  /** Steps in a row with a loss or a gradient that is not finite, none of them applied, after which the run ends. @defaultValue 3 */
  readonly maxBadSteps: number;
}

/** The recipe's values. */
export const trainDefaults: TrainConfig = {
  batchSize: 4,
  maxTokensPerBatch: 0,
  gradientAccumulation: 4,
  epochs: 3,
  maxSteps: 0,
  learningRate: 3e-5,
  schedule: "cosine",
  warmupSteps: 0,
  weightDecay: 0,
  optimizer: "adamw",
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradNorm: 1,
  shuffle: true,
  groupByLength: false,
  seed: 0,
  saveEvery: 500,
  keepCheckpoints: 3,
  evalEvery: 0,
  patience: 0,
  maxBadSteps: 3,
};

type NumberKey = { [K in keyof TrainConfig]: TrainConfig[K] extends number ? K : never }[keyof TrainConfig];

/** Fills in the defaults and checks every value. @throws TrainConfigError naming the key */
export function resolveTrainConfig(partial: Partial<TrainConfig> = {}): TrainConfig {
  const given = Object.fromEntries(Object.entries(partial).filter(([, value]) => value !== undefined));
  const config: TrainConfig = { ...trainDefaults, ...given };
  const expect = (key: keyof TrainConfig, holds: boolean, expected: string | Phrase): void => {
    if (!holds) throw new TrainConfigError(key, expected, config[key]);
  };
  const whole = (from: number, ...keys: NumberKey[]): void => {
    for (const key of keys) {
      expect(
        key,
        Number.isSafeInteger(config[key]) && config[key] >= from,
        phrase`a whole number from ${from}`,
      );
    }
  };
  whole(1, "batchSize", "gradientAccumulation", "maxBadSteps");
  whole(0, "maxTokensPerBatch", "maxSteps", "warmupSteps", "seed", "saveEvery", "keepCheckpoints");
  whole(0, "evalEvery", "patience");
  expect("epochs", config.epochs > 0 && Number.isFinite(config.epochs), "a number above 0");
  for (const key of ["learningRate", "weightDecay", "maxGradNorm"] as const) {
    expect(key, config[key] >= 0 && Number.isFinite(config[key]), "a number from 0");
  }
  for (const key of ["beta1", "beta2"] as const) {
    expect(key, config[key] >= 0 && config[key] < 1, "a number from 0, below 1");
  }
  expect("groupByLength", !config.groupByLength || config.shuffle, "false where shuffle is false");
  expect("epsilon", config.epsilon > 0 && Number.isFinite(config.epsilon), "a number above 0");
  expect("optimizer", optimizerNames.includes(config.optimizer), phrase`one of ${optimizerNames.join(", ")}`);
  expect("schedule", scheduleNames.includes(config.schedule), phrase`one of ${scheduleNames.join(", ")}`);
  return config;
}
