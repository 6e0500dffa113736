import * as tf from "@tensorflow/tfjs-core";
import type { TensorMemory } from "./engine.js";
import { engineInUse } from "./engine-in-use.js";

/** Memory of the tensors of the engine in use. */
export function tensorMemory(): TensorMemory {
  return { tensors: tf.memory().numTensors, ...engineInUse().memory() };
}
