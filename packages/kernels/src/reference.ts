// Every kernel in plain TypeScript, sums in double: what native kernels are tested against, and what runs anywhere.
export { adamW } from "./adamw.js";
export { attentionBackward, attentionForward, type AttentionShape } from "./attention.js";
export { crossEntropyRows } from "./cross-entropy-rows.js";
export { dropoutMask } from "./dropout-mask.js";
export { gatherRows } from "./gather-rows.js";
export { gemm } from "./gemm.js";
export { linear, linearInputGradient } from "./linear.js";
export { rmsNormBackward, rmsNormForward } from "./rms-norm.js";
export { rotate } from "./rotate.js";
export { sumOfSquares } from "./sum-of-squares.js";
export { swigluBackward, swigluForward } from "./swiglu.js";
export { threefry2x32 } from "./threefry.js";
export { transpose } from "./transpose.js";
export { widenWeights } from "./widen-weights.js";
