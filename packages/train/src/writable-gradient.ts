import * as tf from "@tensorflow/tfjs-core";
import type { StepGradients } from "./reduce.js";
import { emptyVariable } from "./travel-memory.js";

/** The gradient of a variable as something that can be written to in parts; zeros where there was none. Owned by the gradients. */
export function writableGradient(gradients: StepGradients, variable: tf.Variable): tf.Variable {
  const gradient = gradients.gradient(variable);
  if (gradient instanceof tf.Variable) return gradient as tf.Variable;
  const writable = gradient ? tf.tidy(() => tf.variable(gradient, false)) : emptyVariable(variable.shape);
  gradients.replace(variable, writable);
  return writable;
}
