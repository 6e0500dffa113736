import { engineInUse } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import { BUCKET_VALUES } from "./buckets.js";

/**
 * The numbers of a tensor in row-major order, a bucket at a time in memory that is used again: copies of whole tensors would wait for
 * the garbage collector one beside the other. What is given is to be read before the next is asked for.
 */
export function* variablePieces(tensor: tf.Tensor): Generator<Float32Array> {
  const memory = new Float32Array(Math.min(BUCKET_VALUES, tensor.size));
  for (let place = 0; place < tensor.size; place += BUCKET_VALUES) {
    const piece = memory.subarray(0, Math.min(BUCKET_VALUES, tensor.size - place));
    engineInUse().routines.read(tensor, place, piece);
    yield piece;
  }
}
