// Every kernel in plain TypeScript, sums in double: what native kernels are tested against, and what runs anywhere.
export { adafactor } from "./adafactor.js";
export { adamW8bit } from "./adamw-8bit.js";
export { adamW } from "./adamw.js";
export {
  attentionBackward,
  attentionForward,
  type AttentionHeads,
  type AttentionShape,
} from "./attention.js";
export { fromBf16, toBf16 } from "./bf16.js";
export { crossEntropyRows } from "./cross-entropy-rows.js";
export { dropoutMask } from "./dropout-mask.js";
export { fromFp8Blocks } from "./fp8-blocks.js";
export { gatedHidden, gatedLinear, gatedLinearBackward } from "./gated-linear.js";
export { gatherRows } from "./gather-rows.js";
export { gemm } from "./gemm.js";
export { headLosses } from "./head-losses.js";
export { outlierColumns, roundToInt8, toInt8Rows } from "./int8-rows.js";
export { int8Codes, int8Scale } from "./int8-weights.js";
export { linear, linearInputGradient, linearMany } from "./linear.js";
export { NF4_CODEBOOK } from "./nf4-codebook.js";
export { rmsNormBackward, rmsNormForward } from "./rms-norm.js";
export { rotate } from "./rotate.js";
export { sampleRows } from "./sample-rows.js";
export { sumOfSquares } from "./sum-of-squares.js";
export { swigluBackward, swigluForward } from "./swiglu.js";
export { threefry2x32 } from "./threefry.js";
export { transpose } from "./transpose.js";
export { widenWeights } from "./widen-weights.js";
