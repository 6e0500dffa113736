import type { LinearTerms } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { MatrixShare } from "../weights/matrix-share.js";
import type { RowRange } from "../weights/tensor-info.js";

/**
 * A matrix that rows are multiplied with, however it is stored: dense, packed, adapted.
 *
 * Axes: N rows, I inputs, O outputs.
 */
export interface Linear {
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  /** y = x Wᵀ + b, recorded on the active tape. x [N, I] → y [N, O], owned by the caller. */
  forward(x: tf.Tensor2D): tf.Tensor2D;
  /**
   * What {@link Linear.forward} multiplies with, for engines that compute several linears of the same rows together; null
   * or left out where only `forward` knows. Valid until the linear is disposed.
   */
  terms?(): LinearTerms | null;
  /** Dense float32 weight [O, I], row-major, on the host. */
  denseWeight(): Float32Array;
  /** Dense float32 bias [O] on the host, or null. */
  denseBias(): Float32Array | null;
  /** Where the matrix lies in a larger one that several processes share; left out where it is whole. */
  readonly share?: MatrixShare | undefined;
  /**
   * A stretch of the matrix, of the same numbers, with the bias of its outputs. The linear goes over into it and is used no more.
   * @throws RangeError where the format of the weight cannot be cut there; the linear is as it was then
   */
  cut?(outputs: RowRange, inputs: RowRange): Linear;
  /** Frees what the linear owns. */
  dispose(): void;
}

/** A dense weight as stored weights hold it. */
export interface DenseWeight {
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  /** [O, I] row-major */
  readonly weight: Float32Array;
  /** [O] */
  readonly bias: Float32Array | null;
}
