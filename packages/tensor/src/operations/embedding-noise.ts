import { uniformNoise } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import type { MaskKey } from "../fused-kernels.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";
import { dropoutMaskKey } from "./dropout.js";

interface Attributes {
  readonly alpha: number;
  readonly segments: Int32Array;
  readonly key: MaskKey;
}

export const embeddingNoiseOperation: Operation<Attributes> = {
  name: "embeddingNoise",
  forward([x], { alpha, segments, key }) {
    const width = x.shape[1]!;
    const noise = new Float32Array(x.size);
    uniformNoise(noise, key);
    for (let s = 0; s + 1 < segments.length; s++) {
      const [start, end] = [segments[s], segments[s + 1]];
      const magnitude = alpha / Math.sqrt((end - start) * width);
      for (let i = start * width; i < end * width; i++) noise[i] *= magnitude;
    }
    return { output: tf.add(x, tf.tensor(noise, x.shape)), saved: [] };
  },
  pullback: (gradient) => [gradient.clone()],
};

/**
 * NEFTune (Jain et al., arXiv:2310.05914): adds noise that is uniform in ±α/√(L·h) to the embeddings of a row of L tokens. It
 * follows from the key of the enclosing `withDropout`; outside of it the input passes unchanged.
 *
 * @param x [N, h]   @param segments offsets of the rows within the N tokens   @param site names the place in the model
 * @returns a new tensor, or `x` itself where there is no noise
 */
export function embeddingNoise(
  x: tf.Tensor2D,
  alpha: number,
  segments: Int32Array,
  site: string,
): tf.Tensor2D {
  const key = alpha === 0 ? null : dropoutMaskKey(site);
  return key ? (apply(embeddingNoiseOperation, [x], { alpha, segments, key }) as tf.Tensor2D) : x;
}
