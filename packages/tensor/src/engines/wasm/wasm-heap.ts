import * as tf from "@tensorflow/tfjs-core";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";

/** Reads and makes tensors in the memory of the wasm backend without a copy. */

const backend = (): BackendWasm => tf.backend() as unknown as BackendWasm;

/** A new tensor whose values are not set yet. */
export function uninitialised(shape: readonly number[]): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(backend().makeOutput([...shape], "float32"));
}

/**
 * The values of tensors, in place. Valid until the next tensor is made: the heap may then move.
 *
 * A tensor made on another backend moves here when it is first looked at, which makes one; so all are looked at before
 * any view is taken.
 */
export function views(tensors: readonly tf.Tensor[]): Float32Array[] {
  const take = (tensor: tf.Tensor): Float32Array => backend().typedArrayFromHeap(tensor) as Float32Array;
  tensors.forEach(take);
  return tensors.map(take);
}
