import * as tf from "@tensorflow/tfjs-core";

const ofEngines = new Map<string, (tensor: tf.Tensor) => Float32Array>();

/**
 * Says where an engine's tensors lie in the host's memory.
 * @param backend name of the TensorFlow.js backend the engine runs on
 */
export function registerValuesInPlace(backend: string, view: (tensor: tf.Tensor) => Float32Array): void {
  ofEngines.set(backend, view);
}

/**
 * The values of a float32 tensor without a copy where the engine keeps them in the host's memory, else as `dataSync` gives
 * them. Valid until the tensor is disposed; only who owns the tensor may change them, and may not use the tensor afterwards.
 */
export function valuesInPlace(tensor: tf.Tensor): Float32Array {
  const view = ofEngines.get(tf.getBackend());
  return view ? view(tensor) : (tensor.dataSync() as Float32Array);
}
