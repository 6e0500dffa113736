import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import type { Operation } from "./kernel.js";
import { MissingPackageError } from "./errors.js";
import { apply } from "./operation.js";

const require = createRequire(import.meta.url);

/**
 * Makes a differentiable operation out of a function written in plain TensorFlow.js operations, for losses and layers
 * of one's own. The pullback runs the function once more under `tf.grads`.
 *
 * @param fn a pure function of float32 tensors that uses all of them; every operation in it needs a gradient in
 * TensorFlow.js
 * @throws MissingPackageError when `@tensorflow/tfjs`, an optional peer of this package, is not installed
 * @example const huber = fromTfjs((x, y) => tf.losses.huberLoss(y, x));
 */
export function fromTfjs<Output extends tf.Tensor>(
  fn: (...inputs: tf.Tensor[]) => Output,
): (...inputs: tf.Tensor[]) => Output {
  loadGradients();
  const operation: Operation<null> = {
    name: `fromTfjs(${fn.name})`,
    forward(inputs) {
      const output = fn(...inputs);
      // A function may hand back what it was given; the caller owns the result and not the argument.
      return { output: inputs.includes(output) ? output.clone() : output, saved: inputs };
    },
    pullback(gradient, kept, _attributes, needed) {
      const saved = kept as tf.Tensor[];
      const wanted = saved.flatMap((_, index) => (needed[index] ? [index] : []));
      const gradients = tf.grads((...some: tf.Tensor[]) => {
        const all = [...saved];
        wanted.forEach((index, position) => (all[index] = some[position]));
        return fn(...all);
      })(
        wanted.map((index) => saved[index]),
        gradient,
      );
      return saved.map((_, index) => (needed[index] ? gradients[wanted.indexOf(index)] : null));
    },
  };
  return (...inputs) => apply(operation, inputs, null) as Output;
}

/** Gradients and chained operations: Node loads them only as part of the whole package, which adds them to the same core. */
function loadGradients(): void {
  try {
    require("@tensorflow/tfjs");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    const { version } = require("@tensorflow/tfjs-core/package.json") as { version: string };
    const purpose = "the gradients of TensorFlow.js are";
    throw new MissingPackageError("fromTfjs", "@tensorflow/tfjs", version, purpose, { cause: error });
  }
}
