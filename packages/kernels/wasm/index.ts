/**
 * Kernels in WebAssembly SIMD, one file each. All pointers are byte addresses in the module's own memory, all tensors
 * dense float32; the caller places them and leaves 16 bytes behind each for reads of whole vectors.
 */
export { attentionBackward, attentionForward, attentionScratch } from "./attention";
export { crossEntropy } from "./cross-entropy";
export { dropoutMask } from "./dropout-mask";
export { exponentials, scaleValues } from "./exponential";
export { rotate } from "./rotate";
export { transpose } from "./transpose";

/** First byte that the module itself does not use. */
export function heapBase(): usize {
  return __heap_base;
}
