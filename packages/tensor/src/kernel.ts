import type * as tf from "@tensorflow/tfjs-core";
import type { Kept, KeptTogether } from "./kept.js";

/** What a pullback reads, in the order in which its forward pass gave it. */
export type Saved = readonly (Kept | null)[];

/** What a forward pass hands over. */
export interface Forward {
  readonly output: tf.Tensor;
  /**
   * What the pullback reads. Of tensors (inputs, the output or others made on the way) the tape takes a handle of its own;
   * anything else is handed over to it. Only kept while a tape records.
   */
  readonly saved: Saved;
}

/** How one operation is computed, forward and backward. Runs inside a `tf.tidy`. */
export interface Kernel<Attributes> {
  /** Whether the kernel computes the operation with such attributes, which it does if left out; else the portable form does. */
  readonly takes?: (attributes: Attributes) => boolean;
  /**
   * Computes the output.
   * @param needed per input: whether its gradient will be wanted; all false when nothing is recorded
   * @param together where what several records of a tape need is kept once; null when nothing is recorded
   */
  readonly forward: (
    inputs: readonly tf.Tensor[],
    attributes: Attributes,
    needed: readonly boolean[],
    together: KeptTogether | null,
  ) => Forward;
  /**
   * Turns the gradient of the output into those of the inputs.
   * @param gradient of the output   @param saved what `forward` saved, in order
   * @param needed per input: whether its gradient is wanted
   * @returns per input a new tensor of its shape, or null where it is not needed
   */
  readonly pullback: (
    gradient: tf.Tensor,
    saved: Saved,
    attributes: Attributes,
    needed: readonly boolean[],
  ) => (tf.Tensor | null)[];
}

/** A {@link Kernel} with several outputs. Runs inside a `tf.tidy`. */
export interface ManyKernel<Attributes> {
  /** As {@link Kernel.forward}. */
  readonly forward: (
    inputs: readonly tf.Tensor[],
    attributes: Attributes,
    needed: readonly boolean[],
    together: KeptTogether | null,
  ) => { readonly outputs: readonly tf.Tensor[]; readonly saved: Saved };
  /** As {@link Kernel.pullback}. @param gradients per output; null where none came, but never in all places */
  readonly pullback: (
    gradients: readonly (tf.Tensor | null)[],
    saved: Saved,
    attributes: Attributes,
    needed: readonly boolean[],
  ) => (tf.Tensor | null)[];
}

/** A differentiable operation: a name and its portable form in plain TensorFlow.js operations. */
export interface Operation<Attributes> extends Kernel<Attributes> {
  readonly name: string;
}

/** An engine's own kernels, by the name of the operation. */
export type Kernels = ReadonlyMap<string, Kernel<never>>;

/** An entry of {@link Kernels}: the kernel that an engine has for an operation. */
export function kernelOf<Attributes>(
  operation: Operation<Attributes>,
  kernel: Kernel<Attributes>,
): [name: string, kernel: Kernel<never>] {
  return [operation.name, kernel];
}
