export { AdamW, type AdamWConfig } from "./adamw.js";
export { DivergenceError, RowsError, RunFolderError, TrainConfigError } from "./errors.js";
export { GradientAccumulator } from "./gradient-accumulator.js";
export { largestMicroBatch } from "./largest-micro-batch.js";
export { LossScale, type LossScaleConfig, lossScaleDefaults, type LossScaleState } from "./loss-scale.js";
export { availableBytes, parseBytes } from "./memory-budget.js";
export type { TrainableParameter } from "./parameter.js";
export { rowOrder } from "./row-order.js";
export { countScored, type RowSource, type TrainingRow } from "./row-source.js";
export { type CheckpointState, RunFolder } from "./run-folder.js";
export type { RunIdentity } from "./run-identity.js";
export { learningRateAt, type ScheduleName, scheduleNames } from "./schedule.js";
export { planSteps, type StepPlan, stepsPerEpoch, totalSteps } from "./step-plan.js";
export {
  evaluateLoss,
  type ParameterFiles,
  safetensorsFiles,
  type StepReport,
  train,
  type TrainEnd,
  type TrainOptions,
} from "./train.js";
export { resolveTrainConfig, type TrainConfig, trainDefaults } from "./train-config.js";
export { writeFolder } from "./write-folder.js";
