import type { LinearBlock, LinearDivision, LinearPart, LinearRole, VectorPart } from "../architecture.js";
import type { DecoderConfig, GroupedAttentionConfig } from "./decoder-config.js";
import { layerNorms } from "./pre-norm-layer.js";

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
  ...layerNorms,
  query: "self_attn.q_norm.weight",
  key: "self_attn.k_norm.weight",
} as const;

const linear =
  (block: LinearBlock) =>
  (
    role: keyof typeof decoderPaths,
    outFeatures: number,
    inFeatures: number,
    hasBias: boolean,
    division: LinearDivision,
  ): LinearPart => ({
    kind: "linear",
    path: decoderPaths[role],
    roles: [role],
    block,
    shape: [outFeatures, inFeatures],
    hasBias,
    division,
  });

const norm = (name: string, size: number): VectorPart => ({ kind: "vector", name, size });

/** The tensors of grouped attention and of the norms around it, those before the MLP. */
export function groupedAttentionParts(config: GroupedAttentionConfig): (LinearPart | VectorPart)[] {
  const { hiddenSize, headSize, attentionBias, attentionOutputBias } = config;
  const [queries, keyValues] = [config.headCount * headSize, config.keyValueHeadCount * headSize];
  const attention = linear("attention");
  const queryHeads = config.headCount;
  const keyHeads = { axis: "outputs", pieces: config.keyValueHeadCount, isCommon: true } as const;
  return [
    norm(decoderNorms.input, hiddenSize),
    attention("query", queries, hiddenSize, attentionBias, { axis: "outputs", pieces: queryHeads }),
    attention("key", keyValues, hiddenSize, attentionBias, keyHeads),
    attention("value", keyValues, hiddenSize, attentionBias, keyHeads),
    attention("output", hiddenSize, queries, attentionOutputBias, { axis: "inputs", pieces: queryHeads }),
    ...(config.queryKeyNorm ? [norm(decoderNorms.query, headSize), norm(decoderNorms.key, headSize)] : []),
    norm(decoderNorms.postAttention, hiddenSize),
  ];
}

/** The tensors of a gated MLP. */
export function gatedMlpParts(hiddenSize: number, intermediateSize: number, hasBias: boolean): LinearPart[] {
  const mlp = linear("mlp");
  const outputs = { axis: "outputs", pieces: intermediateSize } as const;
  return [
    mlp("gate", intermediateSize, hiddenSize, hasBias, outputs),
    mlp("up", intermediateSize, hiddenSize, hasBias, outputs),
    mlp("down", hiddenSize, intermediateSize, hasBias, { axis: "inputs", pieces: intermediateSize }),
  ];
}

/** The tensors of a pre-norm decoder's layer; all layers are alike. */
export function decoderParts(config: DecoderConfig): (LinearPart | VectorPart)[] {
  const { hiddenSize, intermediateSize, mlpBias } = config;
  return [...groupedAttentionParts(config), ...gatedMlpParts(hiddenSize, intermediateSize, mlpBias)];
}
