import { fusesGatedMlp, gatedMlp, swiglu } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import { forwardTogether } from "./forward-together.js";
import type { Linear } from "./linear.js";

/** The linears of a layer's MLP. */
export interface MlpLinears {
  readonly gate_proj: Linear;
  readonly up_proj: Linear;
  readonly down_proj: Linear;
}

/**
 * down(silu(gate(x)) · up(x)), recorded on the active tape: in one where the engine can.
 * @param x [N, h]   @returns [N, h], owned by the caller
 */
export function mlp({ gate_proj, up_proj, down_proj }: MlpLinears, x: tf.Tensor2D): tf.Tensor2D {
  const [gate, up, down] = [gate_proj, up_proj, down_proj].map((linear) => linear.terms?.() ?? null);
  if (gate && up && down && fusesGatedMlp({ gate, up, down })) return gatedMlp(x, { gate, up, down });
  const [gates, ups] = forwardTogether([gate_proj, up_proj], x);
  return down_proj.forward(swiglu(gates, ups));
}
