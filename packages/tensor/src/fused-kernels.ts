import type { WeightMatrix } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import type { ManyKernel } from "./kernel.js";
import type { GatedMlpTerms, LinearTerms } from "./linear-terms.js";

/** What a dropout mask is drawn from; see `dropoutMask` of `@lathe/kernels`. */
export type MaskKey = readonly [number, number];

/** {@link LinearTerms} with the dropout mask of this pass. */
export interface MaskedTerms extends LinearTerms {
  /** Null where nothing is dropped. */
  readonly mask: MaskKey | null;
}

/**
 * How an engine computes something of several linears in one. Its inputs are x [N, I], then a and b of each update in turn; its
 * attributes the terms.
 */
export type FusedKernel = ManyKernel<readonly MaskedTerms[]>;

/** How an engine computes a gated MLP: a fused kernel of the terms gate, up and down with one output. */
export interface GatedMlpKernel extends FusedKernel {
  /** Whether the kernel can, as the engine was started. */
  readonly takes: (terms: GatedMlpTerms) => boolean;
}

/** How an engine computes a head without a low-rank update, and its loss. */
export interface FusedHeadKernel {
  /** Bytes that the gradients of so many rows at a time take beside them, as the engine was started. */
  readonly workspaceBytes: (rows: number, vocabularySize: number) => number;
  /**
   * Cross-entropies of rows, in nats, and the gradient of their sum.
   * @param hidden [N, h]   @param losses [N], written   @param wantsGradient whether dHidden is wanted
   * @param chunkRows rows whose logits may exist at one time
   * @returns dHidden [N, h], or null where it is not wanted
   */
  readonly losses: (
    hidden: tf.Tensor2D,
    targets: Int32Array,
    weight: WeightMatrix,
    bias: tf.Tensor1D | null,
    losses: Float32Array,
    wantsGradient: boolean,
    chunkRows: number,
  ) => tf.Tensor2D | null;
}
