import type { StepLayer } from "@lathe/tensor";
import type { LayerWeights } from "../architecture.js";
import { decoderNorms, decoderPaths } from "./decoder-parts.js";

/** A layer as a cache takes it that computes steps as a whole; null where a linear does not say what it multiplies with. */
export function decoderStepLayer({ linears, vectors }: LayerWeights): StepLayer | null {
  const { query, key, value, output, gate, up, down } = decoderPaths;
  const terms = [query, key, value, output, gate, up, down].map((path) => linears[path].terms?.() ?? null);
  const known = terms.filter((term) => term !== null);
  if (known.length < terms.length) return null;
  return {
    inputNorm: vectors[decoderNorms.input],
    postAttentionNorm: vectors[decoderNorms.postAttention],
    queryNorm: vectors[decoderNorms.query] ?? null,
    keyNorm: vectors[decoderNorms.key] ?? null,
    query: known[0],
    key: known[1],
    value: known[2],
    output: known[3],
    gate: known[4],
    up: known[5],
    down: known[6],
  };
}
