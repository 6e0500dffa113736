import { preNormDecoder } from "./pre-norm-decoder/pre-norm-decoder.js";
import { qwenSizes } from "./pre-norm-decoder/qwen-sizes.js";

/** Qwen3 (arXiv:2505.09388), dense: queries and keys pass a norm a head before they are rotated. */
export const qwen3 = preNormDecoder({
  ...qwenSizes,
  name: "qwen3",
  className: "Qwen3ForCausalLM",
  head_dim: 128,
  bias: "attention_bias",
  hasMlpBiasKey: false,
  queryKeyNorm: true,
});
