import { preNormDecoder } from "./pre-norm-decoder/pre-norm-decoder.js";
import { qwenSizes } from "./pre-norm-decoder/qwen-sizes.js";

/** Qwen2 and Qwen2.5 (arXiv:2407.10671), which DeepSeek-R1-Distill-Qwen are: queries, keys and values have biases. */
export const qwen2 = preNormDecoder({
  ...qwenSizes,
  name: "qwen2",
  className: "Qwen2ForCausalLM",
  head_dim: null,
  bias: { queryKeyValue: true, output: false },
  hasMlpBiasKey: false,
  queryKeyNorm: false,
});
