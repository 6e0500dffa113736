import type * as tf from "@tensorflow/tfjs-core";

/** A tensor that training changes. */
export interface TrainableParameter {
  /** Unique within a run; names the tensor in checkpoints. */
  readonly name: string;
  readonly variable: tf.Variable;
}
