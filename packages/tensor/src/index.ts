export { DryTape } from "./dry-tape.js";
export { recompute } from "./recompute.js";
export { cacheFormat, createKeyValueCache } from "./create-key-value-cache.js";
export type {
  DeviceHandles,
  Engine,
  EngineDefinition,
  PassedOver,
  EngineParts,
  MemoryAccount,
  Precision,
  TensorMemory,
  WeightLayout,
} from "./engine.js";
export { engineInUse } from "./engine-in-use.js";
export {
  EngineError,
  HandleError,
  MissingKernelError,
  MissingPackageError,
  NoTapeError,
  OutsideTensorError,
  ShapeError,
  WrongEngineError,
} from "./errors.js";
export type { DeviceFindings, InstalledBinding } from "./engines/tensorflow/installed-binding.js";
export { installedBinding } from "./engines/tensorflow/installed-binding.js";
export {
  ElementType,
  type OperationAttribute,
  type TensorFlowBinding,
  type TensorInfo,
} from "./engines/tensorflow/addon-types.js";
export type { HandleMemory } from "./engines/tensorflow/handle-memory.js";
export type { BackendEntries, BackendEntry, NodeBackend } from "./engines/tensorflow/load-binding.js";
export { DeviceError, type DeviceFault } from "./engines/tensorflow/device-error.js";
export { releaseMatrix } from "./engines/tensorflow/device-matrix.js";
export type { CudaDevice } from "./engines/tensorflow/diagnose-log.js";
export type { Environment } from "./engines/tensorflow/cache-folder.js";
export type { Findings } from "./engines/tensorflow/check-binding.js";
export { type MissingPart, TensorFlowSetupError } from "./engines/tensorflow/setup-error.js";
export { nvidiaCard, type NvidiaCard } from "./engines/tensorflow/nvidia-card.js";
export type { TensorFlowLibrary } from "./engines/tensorflow/find-library.js";
export {
  type SetupOptions,
  type SetupStep,
  setupTensorFlow,
  type TensorFlowSetup,
} from "./engines/tensorflow/setup-tensorflow.js";
export { fromTfjs } from "./from-tfjs.js";
export type {
  CacheFormat,
  CacheShape,
  KeyValueCache,
  KeyValueCaches,
  LayerCacheShape,
} from "./key-value-cache.js";
export type { LayerStep, StepContext } from "./layer-step.js";
export type { FusedHeadKernel, FusedKernel, GatedMlpKernel, MaskedTerms, MaskKey } from "./fused-kernels.js";
export type { Kept, KeptTogether } from "./kept.js";
export {
  type Forward,
  type Kernel,
  kernelOf,
  type Kernels,
  type ManyKernel,
  type Operation,
  type Saved,
} from "./kernel.js";
export type { GatedMlpTerms, LinearTerms, LowRankTerm } from "./linear-terms.js";
export { apply, applyMany } from "./operation.js";
export { add, multiplyRows, reshape, scale } from "./operations/arithmetic.js";
export { attention } from "./operations/attention.js";
export { crossEntropy } from "./operations/cross-entropy.js";
export {
  crossEntropyHead,
  headBytes,
  type HeadKind,
  headLosses,
  type OutputHead,
} from "./operations/cross-entropy-head.js";
export { crossEntropyHeadRows } from "./operations/cross-entropy-head-rows.js";
export { dropout, type DropoutWindow } from "./operations/dropout.js";
export { embedding } from "./operations/embedding.js";
export { embeddingNoise } from "./operations/embedding-noise.js";
export { exactLinear } from "./operations/exact-linear.js";
export { expertScores, expertWeights, type ExpertWeighting } from "./operations/expert-weights.js";
export { fusedLinears, fusesLinears } from "./operations/fused-linears.js";
export { fusesGatedMlp, gatedMlp } from "./operations/gated-mlp.js";
export { maskedUpdate } from "./operations/masked-update.js";
export { linear } from "./operations/linear.js";
export { join } from "./operations/join.js";
export { reorderColumns } from "./operations/reorder-columns.js";
export { scaleRows } from "./operations/scale-rows.js";
export { type MatrixAxis, split } from "./operations/split.js";
export { gradientOverRanks, sumOverRanks, type SumOverRanks } from "./operations/sum-over-ranks.js";
export { sumRows } from "./operations/sum-rows.js";
export { rmsNorm } from "./operations/rms-norm.js";
export { PACKED_LINEAR, type PackedLinearAttributes } from "./operations/packed-linear.js";
export { type LossSettings, regularisedCrossEntropy } from "./operations/regularised-cross-entropy.js";
export { rope, rotaryAngles } from "./operations/rope.js";
export type { RotaryAngles } from "./rotary-angles.js";
export { scalarFunction, type ValueWithGradient } from "./operations/scalar-function.js";
export { swiglu } from "./operations/swiglu.js";
export { peakResidentBytes } from "./peak-resident-bytes.js";
export { attentionPace, headPace, type Pace, productPace, wideningPace } from "./pace.js";
export { product, transposed } from "./product.js";
export type {
  AdafactorSettings,
  AdafactorUpdate,
  AdamW8bitUpdate,
  AdamWSettings,
  AdamWUpdate,
  Routines,
} from "./routines.js";
export { activeDropoutKey, activeTape, type DropoutKey, withDropout, withTape } from "./scope.js";
export { type EngineChoice, engineFault, listEngines, startEngine } from "./start-engine.js";
export { type Accumulate, type Pullback, Tape } from "./tape.js";
export { tensorMemory } from "./tensor-memory.js";
export { valueAndGradients, type ValueAndGradients } from "./value-and-gradients.js";
export type { AttentionHeads, AttentionShape } from "@lathe/kernels";
export type { WeightMemory } from "./weight-memory.js";
