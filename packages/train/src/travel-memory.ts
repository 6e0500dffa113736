import * as tf from "@tensorflow/tfjs-core";

/** Memory in which values travel between ranks, used again by the next: a bucket's worth each time would wait for the garbage collector. */
export class TravelMemory {
  #values = new Float32Array(0);

  /** Room for so many values, whatever is in it; what was taken before is given up. */
  take(length: number): Float32Array {
    if (this.#values.length < length) this.#values = new Float32Array(length);
    return this.#values.subarray(0, length);
  }
}

/**
 * A tensor with a copy of values, bit for bit, in the engine's own memory: a tensor that holds the array itself leaves it to the garbage
 * collector, while the engine keeps the memory of the tensor before it.
 */
export function copiedTensor(values: Float32Array, shape: readonly number[]): tf.Tensor {
  return tf.tidy(() => tf.mul(tf.tensor(values, [...shape], "float32"), tf.fill([...shape], 1, "float32")));
}
