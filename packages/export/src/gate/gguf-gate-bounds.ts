import type { GgufType } from "../gguf/gguf-type.js";
import type { GateBounds } from "./hold-to-reference.js";

/**
 * How far llama.cpp may be from the model by the type of the weights, above what was seen on three small models with 64 prompts: it sums
 * in another order, and with 8 bits and fewer it rounds activations to 8 bits too. What 4 bits leave of a small model's replies is no
 * defect of the file, so their greedy tokens are told and not held to a share.
 */
export const ggufGateBounds: Readonly<Record<GgufType, GateBounds>> = {
  F32: { logits: 0.001, tie: 0.001, greedy: 1 },
  F16: { logits: 0.02, tie: 0.02, greedy: 1 },
  BF16: { logits: 0.1, tie: 0.1, greedy: 0.99 },
  Q8_0: { logits: 0.25, tie: 0, greedy: 0.95 },
  Q4_0: { logits: 3, tie: 0, greedy: 0 },
  Q4_K_M: { logits: 3, tie: 0, greedy: 0 },
};
