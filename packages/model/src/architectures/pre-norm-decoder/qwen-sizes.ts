/** Values that Transformers assumes for keys that a config.json of Qwen leaves out. */
export const qwenSizes = {
  vocab_size: 151936,
  hidden_size: 4096,
  intermediate_size: 22016,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  max_position_embeddings: 32768,
  bos_token_id: null,
  eos_token_id: null,
};
