import type { Phrase } from "@lathe/files";
import { attentionBackward, attentionForward } from "./attention.js";
import { dropoutMask } from "./dropout-mask.js";
import { rotate } from "./rotate.js";
import { transpose } from "./transpose.js";
import { simdAttentionBackward, simdAttentionForward } from "./wasm-attention.js";
import {
  softmaxCrossEntropyGradient,
  softmaxCrossEntropy,
  simdSoftmaxCrossEntropyGradient,
  simdSoftmaxCrossEntropy,
} from "./wasm-softmax-cross-entropy.js";
import { simdDropoutMask } from "./wasm-dropout-mask.js";
import { simdAvailability, type SimdAvailability } from "./wasm-module.js";
import { simdRotate } from "./wasm-rotate.js";
import { simdTranspose } from "./wasm-transpose.js";

/** Kernels on arrays in the memory of the process. Both sets take the same arguments. */
export interface HostKernels {
  /** `simd` runs in WebAssembly and sums in float32; `plain` is TypeScript and sums in float64. */
  readonly name: "simd" | "plain";
  /** Why it is `plain`, for people; null for `simd`. */
  readonly reason: Phrase | null;
  /** See `attentionForward`. */
  readonly attentionForward: typeof attentionForward;
  /** See `attentionBackward`. */
  readonly attentionBackward: typeof attentionBackward;
  /** Losses and probabilities of rows of logits. */
  readonly softmaxCrossEntropy: typeof softmaxCrossEntropy;
  /** Gradient of those losses. */
  readonly softmaxCrossEntropyGradient: typeof softmaxCrossEntropyGradient;
  /** See `dropoutMask`. */
  readonly dropoutMask: typeof dropoutMask;
  /** See `rotate`. */
  readonly rotate: typeof rotate;
  /** See `transpose`. */
  readonly transpose: typeof transpose;
}

let chosen: HostKernels | undefined;

/**
 * The fastest kernels that run here: SIMD when the package was built with them and the machine has it, else the plain
 * ones. The choice is made once, so a process computes the same bits throughout.
 */
export function hostKernels(): HostKernels {
  chosen ??= kernelsOf(simdAvailability());
  return chosen;
}

/** The kernels that go with a module, or the plain ones where there is none. */
export function kernelsOf(availability: SimdAvailability): HostKernels {
  if ("reason" in availability) {
    return {
      name: "plain",
      reason: availability.reason,
      attentionForward,
      attentionBackward,
      softmaxCrossEntropy,
      softmaxCrossEntropyGradient,
      dropoutMask,
      rotate,
      transpose,
    };
  }
  const { module } = availability;
  return {
    name: "simd",
    reason: null,
    attentionForward: (...values) => simdAttentionForward(module, ...values),
    attentionBackward: (...values) => simdAttentionBackward(module, ...values),
    softmaxCrossEntropy: (...values) => simdSoftmaxCrossEntropy(module, ...values),
    softmaxCrossEntropyGradient: (...values) => simdSoftmaxCrossEntropyGradient(module, ...values),
    dropoutMask: (...values) => simdDropoutMask(module, ...values),
    rotate: (...values) => simdRotate(module, ...values),
    transpose: (...values) => simdTranspose(module, ...values),
  };
}
