import type { GgufType } from "../gguf/gguf-type.js";
import type { GateBounds } from "./hold-to-reference.js";

/**
 * How far llama.cpp may be from the model by the type of the weights, above what was seen on small models with 64 prompts: it sums
 * in another order, and with 8 bits and fewer it rounds activations to 8 bits too. What 4 bits leave of a small model's replies is no
 * defect of the file, so their greedy tokens are told and not held to a share.
 *
 * A tie of 8 bits is half the bound of logits: of tokens of models with random weights one in four has a margin below that, and rounding
 * decides one in twenty otherwise, in llama.cpp as in PyTorch with weights and activations rounded alike. Of 51,185 tokens of three
 * such models and two trained ones four differed by more; of the trained ones 98.3 % and more were equal.
 */
export const ggufGateBounds: Readonly<Record<GgufType, GateBounds>> = {
  F32: { logits: 0.001, tie: 0.001, greedy: 1 },
  F16: { logits: 0.02, tie: 0.02, greedy: 1 },
  BF16: { logits: 0.1, tie: 0.1, greedy: 0.99 },
  Q8_0: { logits: 0.25, tie: 0.125, greedy: 0.99 },
  Q4_0: { logits: 3, tie: 0, greedy: 0 },
  Q4_K_M: { logits: 3, tie: 0, greedy: 0 },
};

/** How many prompts of a mixture of experts may be beyond the bound of logits, and how far. */
const jumps = { share: 0.1, logits: 3 } as const;

const leastOfMixtures: Partial<Record<GgufType, number>> = { F16: 0.99, BF16: 0.97, Q8_0: 0.95 };

/**
 * Bounds of a mixture of experts. Where a router prefers two experts nearly alike, rounding gives a token to the other, and all that
 * follows jumps: of 384 prompts of two small random mixtures, 3 in F16, 9 in BF16 and 17 in 8 bits. In float32 none did.
 */
export function mixtureGateBounds(type: GgufType): GateBounds {
  const bounds = ggufGateBounds[type];
  return type === "F32" ? bounds : { ...bounds, jumps, greedy: leastOfMixtures[type] ?? bounds.greedy };
}
