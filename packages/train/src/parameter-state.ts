import type * as tf from "@tensorflow/tfjs-core";
import { type NamedValues, tensorValues } from "./tensor-part.js";

/** Steps in which a parameter had a gradient, as checkpoints have them: exact up to 2²⁴; PyTorch keeps them so too. */
export function stepCount(parameter: string, step: number): NamedValues {
  return { parameter, name: `${parameter}.step`, shape: [], dtype: "F32", values: Float32Array.of(step) };
}

/** A tensor that an optimiser remembers of a parameter. @param part what it is of it, such as `first_moment` */
export function floatState(parameter: string, part: string, variable: tf.Variable): NamedValues {
  // The getter is to stay one.
  return Object.assign(tensorValues(`${parameter}.${part}`, variable), { parameter });
}

/** A typed array that an optimiser remembers of a parameter. */
export function arrayState(parameter: string, part: string, array: Float32Array | Uint8Array): NamedValues {
  return {
    parameter,
    name: `${parameter}.${part}`,
    shape: [array.length],
    dtype: array instanceof Uint8Array ? "U8" : "F32",
    get values() {
      return array.slice();
    },
  };
}
