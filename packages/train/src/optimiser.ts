import type * as tf from "@tensorflow/tfjs-core";
import type { TrainableParameter } from "./parameter.js";
import type { TensorState } from "./tensor-part.js";

/** The gradient of a variable, borrowed, or null where none came. */
export type GradientOf = (variable: tf.Variable) => tf.Tensor | null;

/** What turns gradients into new values of the parameters. It owns its state and not the parameters. */
export interface Optimiser extends TensorState {
  /** What it is and its constants, as plain values: a checkpoint is only taken up under the same. */
  readonly identity: Readonly<Record<string, unknown>>;
  /**
   * Where each number has a state of its own: so many neighbouring ones must stay together at least, counted from the first of a
   * parameter, for parts of it to be updated apart to the same bits. Left out where the state belongs to whole parameters.
   */
  readonly grain?: number;
  /**
   * One step.
   * @param gradientScale on every gradient, e.g. from clipping
   * @returns a promise where other processes have a part in it
   */
  apply(gradientOf: GradientOf, learningRate: number, gradientScale?: number): void | Promise<void>;
  /** Frees its state; the parameters stay. */
  dispose(): void;
}

/** Makes the optimiser of a run. */
export type CreateOptimiser = (parameters: readonly TrainableParameter[]) => Optimiser;
