export { activities, type Activity, type ActivitySamples } from "./activities.js";
export { adamW8bit } from "./adamw-8bit.js";
export {
  emptyMoment,
  MOMENT_BLOCK,
  type MomentCodes,
  momentCodes,
  type PackedMoment,
} from "./packed-moment.js";
export { type DynamicCode, dynamicCode } from "./dynamic-code.js";
export {
  attentionBackward,
  attentionForward,
  type AttentionHeads,
  type AttentionShape,
} from "./attention.js";
export { GATED_BLOCK, gatedBytes } from "./gated-linear.js";
export { dropoutMask } from "./dropout-mask.js";
export { CpuLevelError, SimdMemoryError, ThreadCountError } from "./errors.js";
export { toBf16 } from "./bf16.js";
export { FP8_BLOCK, fromFp8Blocks, widenE4m3 } from "./fp8-blocks.js";
export { gatherRows } from "./gather-rows.js";
export { HEAD_BLOCK } from "./head-losses.js";
export { int8Codes, int8Scale } from "./int8-weights.js";
export { rotate } from "./rotate.js";
export { rowOrder } from "./row-order.js";
export { SAMPLING_NUMBERS, sampleRows } from "./sample-rows.js";
export { threefry2x32 } from "./threefry.js";
export { transpose } from "./transpose.js";
export { uniformNoise } from "./uniform-noise.js";
export { hostKernels, type HostKernels } from "./wasm-kernels.js";
export { SIMD_MEMORY_LIMIT } from "./wasm-module.js";
export {
  loadNativeKernels,
  type LoadedNative,
  type LoadNativeOptions,
  nativePlatform,
} from "./load-native.js";
export type {
  AdafactorStep,
  AdafactorTensor,
  AdamW8bitTensor,
  AdamWStep,
  AdamWTensor,
  CacheRows,
  CpuLevel,
  KeptActivation,
  NativeAttentionShape,
  DecodeShape,
  GateTerms,
  GemmShape,
  LinearOutput,
  LowRankUpdate,
  NativeKernels,
  NativeMemory,
  PrecisionOptions,
  ProductOptions,
  ProductPrecision,
  StepCache,
  StepShape,
} from "./native-kernels.js";
export { NF4_CODEBOOK } from "./nf4-codebook.js";
export { ZeroMask } from "./zero-mask.js";
export { widenWeights } from "./widen-weights.js";
export {
  type NestedScales,
  NF4_BLOCK,
  NF4_SCALE_GROUP,
  type ElementFormat,
  type WeightMatrix,
} from "./weight-matrix.js";
