import type { WeightMatrix } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import { nativeBackend } from "./native-backend.js";

/** The values of a tensor of the native engine, in place; valid while the tensor lives. */
export const nativeView = (tensor: tf.TensorInfo): Float32Array => nativeBackend().view(tensor);

/** A new tensor of the native engine that `fill` gives its values. */
export function nativeTensor(shape: readonly number[], fill: (values: Float32Array) => void): tf.Tensor {
  const output = nativeBackend().uninitialised(shape);
  fill(nativeView(output));
  return output;
}

/** A tensor of the native engine as kernels take weights, in place. @param weight [O, I] */
export function nativeWeight(weight: tf.Tensor): WeightMatrix {
  const [outFeatures, inFeatures] = weight.shape as [number, number];
  return { format: "fp32", shape: [outFeatures, inFeatures], codes: nativeView(weight), scales: null };
}
