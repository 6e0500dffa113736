import type { LinearBlock, LinearPart, LinearRole, VectorPart } from "../architecture.js";
import type { DecoderConfig } from "./decoder-config.js";

/** Paths of a layer's linears, by what they do. */
export const decoderPaths = {
  query: "self_attn.q_proj",
  key: "self_attn.k_proj",
  value: "self_attn.v_proj",
  output: "self_attn.o_proj",
  gate: "mlp.gate_proj",
  up: "mlp.up_proj",
  down: "mlp.down_proj",
} as const satisfies Record<LinearRole, string>;

/** Names of a layer's norms. */
export const decoderNorms = {
  input: "input_layernorm.weight",
  query: "self_attn.q_norm.weight",
  key: "self_attn.k_norm.weight",
  postAttention: "post_attention_layernorm.weight",
} as const;

/** The tensors of a pre-norm decoder's layer; all layers are alike. */
export function decoderParts(config: DecoderConfig): (LinearPart | VectorPart)[] {
  const { hiddenSize, intermediateSize, headSize, attentionBias, attentionOutputBias, mlpBias } = config;
  const [queries, keyValues] = [config.headCount * headSize, config.keyValueHeadCount * headSize];
  const linear =
    (block: LinearBlock) =>
    (
      role: keyof typeof decoderPaths,
      outFeatures: number,
      inFeatures: number,
      hasBias: boolean,
    ): LinearPart => ({
      kind: "linear",
      path: decoderPaths[role],
      role,
      block,
      shape: [outFeatures, inFeatures],
      hasBias,
    });
  const [attention, mlp] = [linear("attention"), linear("mlp")];
  const norm = (name: string, size: number): VectorPart => ({ kind: "vector", name, size });
  return [
    norm(decoderNorms.input, hiddenSize),
    attention("query", queries, hiddenSize, attentionBias),
    attention("key", keyValues, hiddenSize, attentionBias),
    attention("value", keyValues, hiddenSize, attentionBias),
    attention("output", hiddenSize, queries, attentionOutputBias),
    ...(config.queryKeyNorm ? [norm(decoderNorms.query, headSize), norm(decoderNorms.key, headSize)] : []),
    norm(decoderNorms.postAttention, hiddenSize),
    mlp("gate", intermediateSize, hiddenSize, mlpBias),
    mlp("up", intermediateSize, hiddenSize, mlpBias),
    mlp("down", hiddenSize, intermediateSize, mlpBias),
  ];
}
