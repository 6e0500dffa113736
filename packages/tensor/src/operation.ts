import * as tf from "@tensorflow/tfjs-core";
import { activeTape } from "./scope.js";

/** What a forward pass hands over. */
export interface Forward {
  readonly output: tf.Tensor;
  /** What the pullback reads: inputs, the output or others made on the way. Only kept while a tape records. */
  readonly saved: readonly (tf.Tensor | null)[];
}

/** How one operation is computed, forward and backward. Runs inside a `tf.tidy`. */
export interface Kernel<Attributes> {
  /**
   * Computes the output.
   * @param needed per input: whether its gradient will be wanted; all false when nothing is recorded
   */
  readonly forward: (
    inputs: readonly tf.Tensor[],
    attributes: Attributes,
    needed: readonly boolean[],
  ) => Forward;
  /**
   * Turns the gradient of the output into those of the inputs.
   * @param gradient of the output   @param saved what `forward` saved, in order
   * @param needed per input: whether its gradient is wanted
   * @returns per input a new tensor of its shape, or null where it is not needed
   */
  readonly pullback: (
    gradient: tf.Tensor,
    saved: readonly (tf.Tensor | null)[],
    attributes: Attributes,
    needed: readonly boolean[],
  ) => (tf.Tensor | null)[];
}

/** A differentiable operation: a name and its portable form in plain TensorFlow.js operations. */
export interface Operation<Attributes> extends Kernel<Attributes> {
  readonly name: string;
}

const fused = new Map<string, Map<string, Kernel<never>>>();

/**
 * Gives an engine its own kernel for an operation; elsewhere the portable form stays in force.
 * @param backend name of the TensorFlow.js backend the engine runs on
 */
export function registerKernel<Attributes>(
  backend: string,
  operation: Operation<Attributes>,
  kernel: Kernel<Attributes>,
): void {
  const kernels = fused.get(backend) ?? new Map<string, Kernel<never>>();
  kernels.set(operation.name, kernel);
  fused.set(backend, kernels);
}

/** The kernel in force: the engine's own, else the operation's portable form. */
export function kernelFor<Attributes>(operation: Operation<Attributes>): Kernel<Attributes> {
  return (fused.get(tf.getBackend())?.get(operation.name) as Kernel<Attributes> | undefined) ?? operation;
}

/** Names of the operations for which a backend has kernels of its own. */
export function fusedOperations(backend: string): string[] {
  return [...(fused.get(backend)?.keys() ?? [])].sort();
}

/**
 * Computes an operation and records it on the active tape if an input is tracked there.
 * @returns the output; the caller owns it
 */
export function apply<Attributes>(
  operation: Operation<Attributes>,
  inputs: readonly tf.Tensor[],
  attributes: Attributes,
): tf.Tensor {
  const kernel = kernelFor(operation);
  const tape = activeTape();
  const needed = inputs.map((input) => tape?.isTracked(input) ?? false);
  const nothing = inputs.map(() => false);
  if (!tape || !needed.includes(true)) {
    return tf.tidy(() => kernel.forward(inputs, attributes, nothing).output);
  }
  if (!tape.keeps) {
    const dry = tf.tidy(() => kernel.forward(inputs, attributes, nothing).output);
    tape.track(dry);
    return dry;
  }
  let saved: (tf.Tensor | null)[] = [];
  const output = tf.tidy(() => {
    const forward = kernel.forward(inputs, attributes, needed);
    // A clone is a second handle on the same memory: the tape's own, whatever the owner does with the first.
    saved = forward.saved.map((tensor) => tensor && tf.keep(tensor.clone()));
    return forward.output;
  });
  const kept = saved.filter((tensor) => tensor !== null);
  tape.record([output], inputs, kept, ([gradient]) =>
    kernel.pullback(gradient as tf.Tensor, saved, attributes, needed),
  );
  return output;
}
