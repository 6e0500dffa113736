import { fusesGatedMlp, gatedMlp, swiglu } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { Linear } from "../../decoder/linear.js";
import { forwardTogether } from "./forward-together.js";

/** The linears of a gated MLP. */
export interface MlpLinears {
  readonly gate: Linear;
  readonly up: Linear;
  readonly down: Linear;
}

/**
 * down(silu(gate(x)) · up(x)), recorded on the active tape: in one where the engine can.
 * @param x [N, h]   @returns [N, h], owned by the caller
 */
export function gatedMlpOf(linears: MlpLinears, x: tf.Tensor2D): tf.Tensor2D {
  const [gate, up, down] = [linears.gate, linears.up, linears.down].map((linear) => linear.terms?.() ?? null);
  if (gate && up && down && fusesGatedMlp({ gate, up, down })) return gatedMlp(x, { gate, up, down });
  const [gates, ups] = forwardTogether([linears.gate, linears.up], x);
  return linears.down.forward(swiglu(gates, ups));
}
