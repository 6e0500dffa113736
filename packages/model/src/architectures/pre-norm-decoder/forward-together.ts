import { fusedLinears, fusesLinears } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { Linear } from "../../decoder/linear.js";

/**
 * Several linears of the same rows, at once where the engine can. Recorded on the active tape.
 * @param x [N, I]   @returns an output [N, O] a linear, owned by the caller
 */
export function forwardTogether<Linears extends readonly Linear[]>(
  linears: Linears,
  x: tf.Tensor2D,
): { -readonly [Index in keyof Linears]: tf.Tensor2D } {
  const terms = fusesLinears() ? linears.map((linear) => linear.terms?.() ?? null) : [null];
  const known = terms.filter((term) => term !== null);
  const outputs =
    known.length === linears.length ? fusedLinears(x, known) : linears.map((linear) => linear.forward(x));
  return outputs as { -readonly [Index in keyof Linears]: tf.Tensor2D };
}
