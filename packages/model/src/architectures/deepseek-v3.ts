import { latentMixtureDecoder } from "./latent-mixture/latent-mixture-decoder.js";
import type { LatentMixtureFamily } from "./latent-mixture/latent-mixture-family.js";

const family: LatentMixtureFamily = {
  name: "deepseek_v3",
  className: "DeepseekV3ForCausalLM",
  defaults: {
    vocab_size: 129280,
    hidden_size: 7168,
    num_hidden_layers: 61,
    max_position_embeddings: 4096,
    bos_token_id: 0,
    eos_token_id: 1,
    first_k_dense_replace: 3,
    intermediate_size: 18432,
    kv_lora_rank: 512,
    moe_intermediate_size: 2048,
    n_group: 8,
    n_routed_experts: 256,
    num_attention_heads: 128,
    num_experts_per_tok: 8,
    q_lora_rank: 1536,
    qk_nope_head_dim: 128,
    qk_rope_head_dim: 64,
    rms_norm_eps: 1e-6,
    routed_scaling_factor: 2.5,
    topk_group: 4,
    v_head_dim: 128,
  },
};

/** DeepSeek-V3 (arXiv:2412.19437), which DeepSeek-R1 is, and models of its class such as Moonlight. */
export const deepseekV3 = latentMixtureDecoder(family);

/** Kimi K2 (arXiv:2507.20534): DeepSeek-V3's layers under a name of its own. */
export const kimiK2 = latentMixtureDecoder({ ...family, name: "kimi_k2" });
