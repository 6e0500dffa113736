import type { CommonDefaults } from "../../config/parse-common.js";

/** Values that Transformers assumes for keys that a config.json of a family leaves out. */
export interface LatentMixtureDefaults extends CommonDefaults {
  readonly first_k_dense_replace: number;
  readonly intermediate_size: number;
  readonly kv_lora_rank: number;
  readonly moe_intermediate_size: number;
  readonly n_group: number;
  readonly n_routed_experts: number;
  readonly num_attention_heads: number;
  readonly num_experts_per_tok: number;
  readonly q_lora_rank: number;
  readonly qk_nope_head_dim: number;
  readonly qk_rope_head_dim: number;
  readonly rms_norm_eps: number;
  readonly routed_scaling_factor: number;
  readonly topk_group: number;
  readonly v_head_dim: number;
}

/** Models that are computed alike and differ in what their configs are called and leave out. */
export interface LatentMixtureFamily {
  /** `model_type`. */
  readonly name: string;
  /** The class in `architectures`. */
  readonly className: string;
  readonly defaults: LatentMixtureDefaults;
}
