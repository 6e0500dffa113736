import type { Checkpoint } from "../checkpoint/checkpoint.js";
import type { Dtype } from "../checkpoint/tensor-info.js";
import { CheckpointError, quote } from "../errors.js";
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

const OUTPUT_HEAD = "lm_head.weight";

const modelTensors: readonly TensorRule[] = [
  { name: "model.embed_tokens.weight", axes: ["vocabulary", "hidden"] },
  { name: "model.norm.weight", axes: ["hidden"] },
  { name: OUTPUT_HEAD, axes: ["vocabulary", "hidden"], when: (config) => !config.tieWordEmbeddings },
];

/** Types that weights can be computed with. */
const floatTypes: readonly Dtype[] = ["F64", "F32", "F16", "BF16"];

/** Names that a message lists before it only counts. */
const SHOWN_NAMES = 5;

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

/** What `checkTensors` found besides the tensors of the model. */
export interface TensorCheck {
  /** Tensors that the model does not use, such as stored rotary frequencies; worth a warning. */
  readonly unused: string[];
}

/**
 * Compares the weights with the config: every tensor there, of the shape the config implies, of a float type. With tied
 * embeddings a stored output head is passed over, as the embedding takes its place.
 * @throws CheckpointError that names the tensor at fault
 */
export function checkTensors(config: ModelConfig, checkpoint: Checkpoint): TensorCheck {
  const expected = expectedTensors(config);
  const missing = [...expected.keys()].filter((name) => !checkpoint.has(name));
  if (missing.length > 0) {
    const listed = missing.slice(0, SHOWN_NAMES).map(quote).join(", ");
    const onlyHead = missing.length === 1 && missing[0] === OUTPUT_HEAD;
    throw new CheckpointError({
      path: checkpoint.path,
      ...(missing.length === 1 ? { tensor: missing[0] } : {}),
      expected: `the ${expected.size} tensors of a ${config.architecture} model with ${config.layerCount} layers`,
      actual: `none of name ${listed}${missing.length > SHOWN_NAMES ? ` and ${missing.length - SHOWN_NAMES} more` : ""}`,
      ...(onlyHead ? { remedy: "a model without one has tie_word_embeddings true in its config.json" } : {}),
    });
  }
  for (const [name, shape] of expected) {
    const info = checkpoint.info(name);
    if (info.shape.length !== shape.length || info.shape.some((size, axis) => size !== shape[axis])) {
      throw new CheckpointError({
        path: checkpoint.pathOf(name),
        tensor: name,
        expected: `shape [${shape.join(", ")}], as config.json implies`,
        actual: `[${info.shape.join(", ")}]`,
        remedy: "config and weights are of different models",
      });
    }
    if (!floatTypes.includes(info.dtype)) {
      throw new CheckpointError({
        path: checkpoint.pathOf(name),
        tensor: name,
        expected: `a dtype among ${floatTypes.join(", ")}`,
        actual: info.dtype,
      });
    }
  }
  const passedOver = config.tieWordEmbeddings ? OUTPUT_HEAD : null;
  return { unused: checkpoint.names().filter((name) => !expected.has(name) && name !== passedOver) };
}
