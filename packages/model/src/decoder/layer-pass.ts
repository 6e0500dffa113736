import type * as tf from "@tensorflow/tfjs-core";

/** A layer with routed experts in two parts. Axes as those of {@link LayerPass}, and k experts a row. */
export interface RoutedPass {
  readonly expertCount: number;
  readonly expertsPerToken: number;
  /** Through attention, which needs no routed expert. @param x [N, h], borrowed @returns [M, h], owned by the caller */
  attend(x: tf.Tensor2D): tf.Tensor2D;
  /** The experts of each row, which must be held for `feed`. @param y [M, h], what `attend` gave, borrowed @returns [M, k] numbers */
  choose(y: tf.Tensor2D): Int32Array;
  /** Through the experts. @param y [M, h], what `attend` gave, borrowed @returns [M, h], owned by the caller */
  feed(y: tf.Tensor2D): tf.Tensor2D;
}

/**
 * A pass through a model for who walks the layers one by one. Each part is recorded on the tape that is active then, so parts
 * may have tapes of their own, and a part may be run again.
 *
 * Axes: N rows of the batch, M of them that are wanted after the last layer, h hidden.
 */
export interface LayerPass<Result extends tf.Tensor> {
  /** The residual stream before the first layer. @returns [N, h], owned by the caller */
  begin(): tf.Tensor2D;
  /**
   * The residual stream after a layer, whose weights are held.
   * @param x [N, h], the stream before it, borrowed
   * @returns [N, h], or after the last layer [M, h], owned by the caller
   */
  layer(index: number, x: tf.Tensor2D): tf.Tensor2D;
  /** The parts of {@link LayerPass.layer}, to the same bits; null for a layer that has no routed experts. */
  routed(index: number): RoutedPass | null;
  /**
   * What the stream after the last layer comes to.
   * @param x [M, h], borrowed   @returns what the pass is for, owned by the caller
   */
  end(x: tf.Tensor2D): Result;
}
