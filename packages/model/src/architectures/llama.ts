import { preNormDecoder } from "./pre-norm-decoder/pre-norm-decoder.js";

/** Llama (arXiv:2302.13971, arXiv:2407.21783), which DeepSeek-R1-Distill-Llama are. */
export const llama = preNormDecoder({
  name: "llama",
  className: "LlamaForCausalLM",
  vocab_size: 32000,
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: null,
  head_dim: null,
  max_position_embeddings: 2048,
  bos_token_id: 1,
  eos_token_id: 2,
  bias: "attention_bias",
  hasMlpBiasKey: true,
  queryKeyNorm: false,
});
