import type * as tf from "@tensorflow/tfjs-core";
import { TrainConfigError } from "./errors.js";

/** A tensor that training changes. */
export interface TrainableParameter {
  /** Unique within a run; names the tensor in checkpoints. */
  readonly name: string;
  readonly variable: tf.Variable;
  /** Decoupled weight decay of this parameter. @defaultValue that of the optimiser */
  readonly weightDecay?: number;
  /** Factor on the learning rate of this parameter, e.g. LoRA+'s (arXiv:2402.12354) for B. @defaultValue 1 */
  readonly learningRateFactor?: number;
}

/** Expects parameters, with names that differ and settings that are possible. @throws TrainConfigError */
export function checkParameters(parameters: readonly TrainableParameter[]): void {
  if (parameters.length === 0) throw new TrainConfigError("parameters", "at least one to train", "none");
  const names = new Set<string>();
  for (const { name, weightDecay = 0, learningRateFactor = 1 } of parameters) {
    if (names.has(name)) throw new TrainConfigError("parameters", "names that differ", `${name} twice`);
    names.add(name);
    for (const [key, value] of Object.entries({ weightDecay, learningRateFactor })) {
      if (!(value >= 0 && Number.isFinite(value))) {
        throw new TrainConfigError(`parameters: ${name}: ${key}`, "a number from 0", value);
      }
    }
  }
}
