import { statIfThere } from "@lathe/files";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeRandomModel } from "@lathe/model";
import { quantizeWeights } from "@lathe/quant";

/** Raised when what is written changes, so that folders of earlier versions are not taken for it. */
const VERSION = 1;

/** DeepSeek-R1's layers, an eighth as wide and with an eighth of the experts, a dense one and five mixtures. */
export const scaledR1Config = {
  model_type: "deepseek_v3",
  architectures: ["DeepseekV3ForCausalLM"],
  vocab_size: 4096,
  hidden_size: 896,
  intermediate_size: 2304,
  moe_intermediate_size: 256,
  num_hidden_layers: 6,
  first_k_dense_replace: 1,
  num_attention_heads: 16,
  num_key_value_heads: 16,
  q_lora_rank: 192,
  kv_lora_rank: 64,
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  v_head_dim: 128,
  n_routed_experts: 32,
  n_shared_experts: 1,
  num_experts_per_tok: 8,
  n_group: 8,
  topk_group: 4,
  norm_topk_prob: true,
  routed_scaling_factor: 2.5,
  scoring_func: "sigmoid",
  topk_method: "noaux_tc",
  max_position_embeddings: 4096,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: false,
};

/** A folder of such a model with random weights, in bf16 or packed; written once and kept. */
export async function scaledR1Folder(cache: string, format: "bf16" | "int8" | "nf4"): Promise<string> {
  const folder = join(cache, `scaled-r1-${format}-v${VERSION}`);
  if ((await statIfThere(folder)) !== null) return folder;
  console.error(`Writing random weights to ${folder} …`);
  const [floats, packed] = ["floats", "packed"].map((name) => `${folder}.${name}.${process.pid}.tmp`);
  try {
    await writeRandomModel(floats, scaledR1Config);
    await quantizeWeights({ model: floats, output: packed, format });
    await rename(packed, folder);
  } finally {
    await rm(floats, { recursive: true, force: true });
    await rm(packed, { recursive: true, force: true });
  }
  return folder;
}
