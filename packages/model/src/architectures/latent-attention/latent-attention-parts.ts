import type { LinearDivision, LinearPart, VectorPart } from "../architecture.js";
import type { LatentAttentionConfig } from "./latent-attention-config.js";

/** Paths of a layer's linears of latent attention. */
export const latentPaths = {
  /** Where queries have no latent. */
  query: "self_attn.q_proj",
  queryDown: "self_attn.q_a_proj",
  queryUp: "self_attn.q_b_proj",
  down: "self_attn.kv_a_proj_with_mqa",
  up: "self_attn.kv_b_proj",
  output: "self_attn.o_proj",
} as const;

/** Names of the norms of latents. */
export const latentNorms = {
  query: "self_attn.q_a_layernorm.weight",
  keyValue: "self_attn.kv_a_layernorm.weight",
} as const;

/** The tensors of latent attention in a layer. */
export function latentAttentionParts(
  config: LatentAttentionConfig,
  hiddenSize: number,
): (LinearPart | VectorPart)[] {
  const { headCount, queryLatentSize, latentSize, stillSize, turningSize, valueSize, attentionBias } = config;
  const queries = headCount * (stillSize + turningSize);
  const linear = (
    path: string,
    roles: readonly string[],
    shape: readonly [number, number],
    hasBias = false,
    division?: LinearDivision,
  ): LinearPart => ({
    kind: "linear",
    path,
    roles,
    block: "attention",
    shape,
    hasBias,
    ...(division && { division }),
  });
  const [ofHeads, toHeads] = [
    { axis: "inputs", pieces: headCount },
    { axis: "outputs", pieces: headCount },
  ] as const;
  const norm = (name: string, size: number): VectorPart => ({ kind: "vector", name, size });
  const ofQueries =
    queryLatentSize === null
      ? [linear(latentPaths.query, ["query"], [queries, hiddenSize], false, toHeads)]
      : [
          linear(latentPaths.queryDown, ["query-latent"], [queryLatentSize, hiddenSize], attentionBias),
          norm(latentNorms.query, queryLatentSize),
          linear(latentPaths.queryUp, ["query"], [queries, queryLatentSize], false, toHeads),
        ];
  return [
    ...ofQueries,
    linear(latentPaths.down, ["key-value-latent"], [latentSize + turningSize, hiddenSize], attentionBias),
    norm(latentNorms.keyValue, latentSize),
    linear(
      latentPaths.up,
      ["key", "value"],
      [headCount * (stillSize + valueSize), latentSize],
      false,
      toHeads,
    ),
    linear(latentPaths.output, ["output"], [hiddenSize, headCount * valueSize], attentionBias, ofHeads),
  ];
}
