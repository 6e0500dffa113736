import * as tf from "@tensorflow/tfjs-core";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";

/** Replaces values by their sums over the processes that compute a layer together; all of them call it at the same places. */
export type SumOverRanks = (values: Float32Array) => void;

interface SumAttributes {
  readonly sum: SumOverRanks;
}

function summed(x: tf.Tensor, { sum }: SumAttributes): tf.Tensor {
  // A copy, as engines may hand out their own memory.
  const values = Float32Array.from(x.dataSync());
  sum(values);
  return tf.tensor(values, x.shape);
}

const sumOverRanksOperation: Operation<SumAttributes> = {
  name: "sumOverRanks",
  forward: ([x], attributes) => ({ output: summed(x, attributes), saved: [] }),
  pullback: (gradient) => [gradient.clone()],
};

/**
 * Joins what several processes have computed a part of: Σ over them of x, on all of them. Recorded on the active tape: the gradient of
 * the sum is that of each part (the g of Shoeybi et al., arXiv:1909.08053, §3).
 * @returns of the shape of x, owned by the caller
 */
export function sumOverRanks<Input extends tf.Tensor>(x: Input, sum: SumOverRanks): Input {
  return apply(sumOverRanksOperation, [x], { sum }) as Input;
}

const gradientOverRanksOperation: Operation<SumAttributes> = {
  name: "gradientOverRanks",
  forward: ([x]) => ({ output: x.clone(), saved: [] }),
  pullback: (gradient, _saved, attributes) => [summed(gradient, attributes)],
};

/**
 * Hands x, which all processes have, to a part of the computation on each. Recorded on the active tape: its gradient is the sum over them
 * of those that come back from the parts (the f of Shoeybi et al., arXiv:1909.08053, §3).
 * @returns x, owned by the caller
 */
export function gradientOverRanks<Input extends tf.Tensor>(x: Input, sum: SumOverRanks): Input {
  return apply(gradientOverRanksOperation, [x], { sum }) as Input;
}
