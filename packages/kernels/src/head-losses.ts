import { crossEntropyRows } from "./cross-entropy-rows.js";
import { linear, linearInputGradient } from "./linear.js";
import type { WeightMatrix } from "./weight-matrix.js";

/** Columns of a workspace of `headLosses` that is not as wide as the vocabulary, or a multiple. */
export const HEAD_BLOCK = 256;

/**
 * An output head with its loss: losses [N] of logits hidden [N, h] Wᵀ + bias, in nats.
 * @param weight [V, h]   @param dHidden [N, h], the gradient of the sum of losses, or null
 */
export function headLosses(
  hidden: Float32Array,
  weight: WeightMatrix,
  bias: Float32Array | null,
  targets: Int32Array,
  losses: Float32Array,
  dHidden: Float32Array | null,
): void {
  const logits = new Float32Array(targets.length * weight.shape[0]);
  linear(hidden, weight, bias, logits);
  crossEntropyRows(logits, targets, losses, dHidden && logits, 1);
  if (dHidden) linearInputGradient(logits, weight, dHidden);
}
