import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";

export const swigluOperation: Operation<null> = {
  name: "swiglu",
  forward: ([gate, up]) => ({ output: tf.mul(tf.mul(gate, tf.sigmoid(gate)), up), saved: [gate, up] }),
  pullback(gradient, saved, _attributes, [needsGate, needsUp]) {
    const [gate, up] = saved as tf.Tensor[];
    const s = tf.sigmoid(gate);
    const silu = tf.mul(gate, s);
    // silu′ = s + silu (1 − s)
    const slope = (): tf.Tensor => tf.add(s, tf.sub(silu, tf.mul(silu, s)));
    return [
      needsGate ? tf.mul(tf.mul(gradient, up), slope()) : null,
      needsUp ? tf.mul(gradient, silu) : null,
    ];
  },
};

/**
 * silu(gate) · up, with silu(x) = x / (1 + e⁻ˣ) (Shazeer, arXiv:2002.05202).
 *
 * @param gate [N, f]   @param up [N, f]   @returns [N, f], owned by the caller
 */
export function swiglu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  if (!tf.util.arraysEqual(gate.shape, up.shape)) {
    throw new ShapeError("swiglu", `up [${gate.shape.join(", ")}]`, up.shape);
  }
  return apply(swigluOperation, [gate, up], null) as tf.Tensor2D;
}
