import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";

/** Reads and makes tensors in the memory of the wasm backend without a copy. */

const backend = (): BackendWasm => tf.backend() as unknown as BackendWasm;

/** A new tensor whose values are not set yet. */
export function uninitialised(shape: readonly number[]): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(backend().makeOutput([...shape], "float32"));
}

/**
 * The values of a tensor, in place. Valid until the next tensor is made: the heap may then move.
 */
export function view(tensor: tf.Tensor): Float32Array {
  return backend().typedArrayFromHeap(tensor) as Float32Array;
}
