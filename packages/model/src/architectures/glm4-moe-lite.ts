import { latentMixtureDecoder } from "./latent-mixture/latent-mixture-decoder.js";

/** GLM-4.7-Flash: DeepSeek-V3's layers with other sizes, one group of experts and heads of other widths. */
export const glm4MoeLite = latentMixtureDecoder({
  name: "glm4_moe_lite",
  className: "Glm4MoeLiteForCausalLM",
  defaults: {
    vocab_size: 154880,
    hidden_size: 2048,
    num_hidden_layers: 47,
    max_position_embeddings: 202752,
    bos_token_id: 0,
    eos_token_id: 1,
    first_k_dense_replace: 1,
    intermediate_size: 10240,
    kv_lora_rank: 512,
    moe_intermediate_size: 1536,
    n_group: 1,
    n_routed_experts: 64,
    num_attention_heads: 20,
    num_experts_per_tok: 4,
    q_lora_rank: 768,
    qk_nope_head_dim: 192,
    qk_rope_head_dim: 64,
    rms_norm_eps: 1e-5,
    routed_scaling_factor: 1.8,
    topk_group: 1,
    v_head_dim: 256,
  },
});
