import type * as tf from "@tensorflow/tfjs-core";

/** The gradients of a step, by variable. */
export interface StepGradients {
  /** The gradient so far, borrowed; null if this process has none. */
  gradient(variable: tf.Variable): tf.Tensor | null;
  /**
   * Puts another gradient in the place of a variable's, or none; it is owned by the step from then on. Where this process updates
   * some rows of the variable alone, it is that of those rows.
   */
  replace(variable: tf.Variable, gradient: tf.Tensor | null): void;
}

/** What a process computed of a step. */
export interface OwnWork {
  readonly tokens: number;
  /** Seconds in which it computed, without those in which it waited. */
  readonly seconds: number;
}

/**
 * How processes that share the micro-batches of a step come to the same update. All of them must call the same methods in the
 * same order; a call that cannot be answered throws, and ends the run of this process.
 *
 * A step's loss is divided by the units of all processes. Their number is reduced before the first micro-batch, so every
 * gradient is from the beginning a part of the mean over all, and the sum over processes is that mean's gradient: nothing is
 * left to be divided afterwards, and a process by itself computes the same bits with a hook as without.
 */
export interface Reduce {
  /**
   * Whether the gradients of micro-batches are kept apart until the update, as their sum is to be made in an order that does not
   * depend on how many processes there are. Takes the memory of as many gradients. @defaultValue false
   */
  readonly keepsApart?: boolean;
  /** Sums over all processes, place by place: counts, losses, and whether someone wants to stop. */
  numbers(own: readonly number[]): Promise<readonly number[]>;
  /** After the last micro-batch of a step: hears how long this process's took. */
  computed?(own: OwnWork): Promise<void>;
  /**
   * Between the last micro-batch and the update: replaces this process's gradients by the sums over all processes.
   * @param parts of each of its micro-batches where they are kept apart, and then `gradients` is empty; else none
   * @returns where each process is left with a part of the sums only, the sum of the squares of all of them; else nothing
   */
  gradients(gradients: StepGradients, parts: readonly StepGradients[]): Promise<number | undefined>;
}
