import * as tf from "@tensorflow/tfjs-core";

const ofEngines = new Map<string, () => number>();

/**
 * Says by how much an engine wants gradients of logits raised on their way through the head.
 * @param backend name of the TensorFlow.js backend the engine runs on
 * @param factor a power of two, so that raising and lowering change no bit of a float32; 1 for none
 */
export function registerGradientHeadroom(backend: string, factor: () => number): void {
  ofEngines.set(backend, factor);
}

/**
 * The factor of the engine in use. The gradient of a loss by a logit is at most 1, and most of a vocabulary's are far below
 * the smallest number that half precision has.
 */
export function gradientHeadroom(): number {
  return ofEngines.get(tf.getBackend())?.() ?? 1;
}
