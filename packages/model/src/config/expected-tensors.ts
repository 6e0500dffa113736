import type { ModelConfig } from "./model-config.js";

type Axis = "vocabulary" | "hidden" | "intermediate" | "queries" | "keyValues" | "head";

interface TensorRule {
  /** Name as Hugging Face models have it; {layer} stands for each layer's number. */
  readonly name: string;
  readonly axes: readonly Axis[];
  /** Whether the model has the tensor; always when absent. */
  readonly when?: (config: ModelConfig) => boolean;
}

const attentionBias = (config: ModelConfig) => config.attentionBias;
const mlpBias = (config: ModelConfig) => config.mlpBias;
const queryKeyNorm = (config: ModelConfig) => config.queryKeyNorm;

/** Weights are [out, in]. */
const layerTensors: readonly TensorRule[] = [
  { name: "input_layernorm.weight", axes: ["hidden"] },
  { name: "self_attn.q_proj.weight", axes: ["queries", "hidden"] },
  { name: "self_attn.q_proj.bias", axes: ["queries"], when: attentionBias },
  { name: "self_attn.k_proj.weight", axes: ["keyValues", "hidden"] },
  { name: "self_attn.k_proj.bias", axes: ["keyValues"], when: attentionBias },
  { name: "self_attn.v_proj.weight", axes: ["keyValues", "hidden"] },
  { name: "self_attn.v_proj.bias", axes: ["keyValues"], when: attentionBias },
  { name: "self_attn.o_proj.weight", axes: ["hidden", "queries"] },
  { name: "self_attn.o_proj.bias", axes: ["hidden"], when: (config) => config.attentionOutputBias },
  { name: "self_attn.q_norm.weight", axes: ["head"], when: queryKeyNorm },
  { name: "self_attn.k_norm.weight", axes: ["head"], when: queryKeyNorm },
  { name: "post_attention_layernorm.weight", axes: ["hidden"] },
  { name: "mlp.gate_proj.weight", axes: ["intermediate", "hidden"] },
  { name: "mlp.gate_proj.bias", axes: ["intermediate"], when: mlpBias },
  { name: "mlp.up_proj.weight", axes: ["intermediate", "hidden"] },
  { name: "mlp.up_proj.bias", axes: ["intermediate"], when: mlpBias },
  { name: "mlp.down_proj.weight", axes: ["hidden", "intermediate"] },
  { name: "mlp.down_proj.bias", axes: ["hidden"], when: mlpBias },
];

/** Name of the output head, which models with tied embeddings do without. */
export const OUTPUT_HEAD = "lm_head.weight";

const modelTensors: readonly TensorRule[] = [
  { name: "model.embed_tokens.weight", axes: ["vocabulary", "hidden"] },
  { name: "model.norm.weight", axes: ["hidden"] },
  { name: OUTPUT_HEAD, axes: ["vocabulary", "hidden"], when: (config) => !config.tieWordEmbeddings },
];

/** Name and shape of every tensor that a model of this config consists of, under Hugging Face's names. */
export function expectedTensors(config: ModelConfig): Map<string, readonly number[]> {
  const sizes: Record<Axis, number> = {
    vocabulary: config.vocabularySize,
    hidden: config.hiddenSize,
    intermediate: config.intermediateSize,
    queries: config.headCount * config.headSize,
    keyValues: config.keyValueHeadCount * config.headSize,
    head: config.headSize,
  };
  const expected = new Map<string, readonly number[]>();
  const add = (prefix: string, rules: readonly TensorRule[]) => {
    for (const { name, axes, when } of rules) {
      if (when?.(config) ?? true)
        expected.set(
          prefix + name,
          axes.map((axis) => sizes[axis]),
        );
    }
  };
  add("", modelTensors);
  for (let layer = 0; layer < config.layerCount; layer++) add(`model.layers.${layer}.`, layerTensors);
  return expected;
}
