export { Adafactor, adafactor, type AdafactorConfig } from "./adafactor.js";
export { AdamW8bit, adamW8bit } from "./adamw-8bit.js";
export { namedOptimiser, type OptimizerName, optimizerNames } from "./named-optimiser.js";
export { AdamW, adamW, type AdamWConfig } from "./adamw.js";
export { type BadStep, badStepPhrase } from "./bad-step.js";
export type { CheckpointFacts, CheckpointState } from "./checkpoint.js";
export {
  type CheckpointDamage,
  type CheckpointFault,
  checkpointFaultPhrase,
  type PassedOverCheckpoint,
} from "./checkpoint-fault.js";
export { countScored, labelledSize } from "./count-scored.js";
export { beginAlike, dataParallel, type DataParallelOptions } from "./data-parallel.js";
export {
  DivergenceError,
  NoIntactCheckpointError,
  RowsError,
  RunFolderError,
  TrainConfigError,
} from "./errors.js";
export { GradientAccumulator } from "./gradient-accumulator.js";
export { largestMicroBatch, measureRows, type RowSizes } from "./largest-micro-batch.js";
export type { LossSpike } from "./loss-spikes.js";
export type { LossStall, StallAdvice } from "./loss-stall.js";
export { LossScale, type LossScaleConfig, lossScaleDefaults, type LossScaleState } from "./loss-scale.js";
export { availableBytes, parseBytes } from "./memory-budget.js";
export type { AddMeasure, Measures, StepMeasures } from "./measures.js";
export {
  type NonFiniteOrigin,
  type OriginOptions,
  type OriginSearch,
  originSearch,
} from "./non-finite-origin.js";
export type { BatchSize, Objective } from "./objective.js";
export { type Exchange, exchangeBytes } from "./exchange-bytes.js";
export { optimiserBytes, shardedOptimiserBytes } from "./optimiser-bytes.js";
export type { CreateOptimiser, GradientOf, Optimiser } from "./optimiser.js";
export { layerSampling, type LayerSamplingOptions } from "./layer-sampling.js";
export type { ParameterSampling } from "./parameter-sampling.js";
export type { TrainableParameter } from "./parameter.js";
export type { BranchedModel } from "./preference/branched-model.js";
export { completionLikelihoods } from "./preference/completion-likelihoods.js";
export {
  type JudgedBatch,
  kto,
  type KtoOptions,
  type KtoPairing,
  ktoPairings,
  ktoReferenceRows,
} from "./preference/kto.js";
export {
  type CompletionLikelihood,
  dpoLoss,
  orpoLoss,
  type PairLoss,
  type PairValue,
  simpoLoss,
} from "./preference/pair-loss.js";
export { dpo, orpo, type PairBatch, simpo } from "./preference/paired.js";
export {
  branchesOfPair,
  equalSidesFault,
  type JudgedCompletion,
  type PreferencePair,
} from "./preference/preference-rows.js";
export {
  type ComputeReferenceOptions,
  type ReferenceLikelihood,
  ReferenceLikelihoods,
} from "./preference/reference-likelihoods.js";
export { type PlacedRows, placedRowsPhrase } from "./placed-rows.js";
export {
  readLikelihoods,
  type StoredLikelihoods,
  writeLikelihoods,
} from "./preference/stored-likelihoods.js";
export type { OwnWork, Reduce, StepGradients } from "./reduce.js";
export type { RowSource } from "./row-source.js";
export { type IntactCheckpoint, RunFolder, type StepSamples } from "./run-folder.js";
export type { RunIdentity } from "./run-identity.js";
export {
  namedSchedule,
  type Schedule,
  type ScheduleConfig,
  type ScheduleName,
  scheduleNames,
} from "./schedule.js";
export type { StatePart } from "./state-part.js";
export { type PlannedRows, planSteps, type StepPlan, StepPlans } from "./step-plan.js";
export { evaluationBatches } from "./evaluation-batches.js";
export type { ValidationReport } from "./validation-report.js";
export type { StepReport, TrainEnd } from "./step-report.js";
export { lossDefaults, resolveLossSettings, supervised, type SupervisedModel } from "./supervised.js";
export {
  type NamedValues,
  type ReadValues,
  safetensorsFiles,
  tensorPart,
  type TensorState,
  type SharedValues,
} from "./tensor-part.js";
export { Sgd, sgd, type SgdConfig } from "./sgd.js";
export { train } from "./train.js";
export { resolveTrainConfig, type TrainConfig, trainDefaults } from "./train-config.js";
export type { TrainOptions } from "./train-options.js";
export {
  type SpillFormat,
  spilledNumberBytes,
  SpilledStreams,
  UNWRITTEN_BYTES,
} from "./walk/spilled-streams.js";
export { HeldStreams, type StreamStore } from "./walk/stream-store.js";
export { type DifferentiatedWalk, walkBothWays } from "./walk/walk-both-ways.js";
export type { WalkedBatch } from "./walk/walked-batch.js";
