import type { LayerStep } from "@lathe/tensor";
import type { LayerWeights } from "../architecture.js";
import type { DecoderConfig } from "./decoder-config.js";
import { decoderNorms, decoderPaths } from "./decoder-parts.js";

/** `decoderLayer` of one token a sequence, in an engine's own memory; null where a linear does not say what it multiplies with. */
export function decoderStep(config: DecoderConfig, { linears, vectors }: LayerWeights): LayerStep | null {
  const paths = Object.values(decoderPaths);
  const terms = paths.map((path) => linears[path].terms?.() ?? null);
  const known = terms.filter((term) => term !== null);
  if (known.length < terms.length) return null;
  const of = Object.fromEntries(paths.map((path, index) => [path, known[index]]));
  const { headCount, keyValueHeadCount, headSize, rmsNormEpsilon: epsilon } = config;
  const { query, key, value, output, gate, up, down } = decoderPaths;
  const norms = {
    input: vectors[decoderNorms.input],
    query: config.queryKeyNorm ? vectors[decoderNorms.query] : null,
    key: config.queryKeyNorm ? vectors[decoderNorms.key] : null,
    postAttention: vectors[decoderNorms.postAttention],
  };
  return (context) => {
    const normed = context.rmsNorm(context.residual, norms.input, epsilon);
    const [queries, keys, values] = context.linears(normed, [of[query], of[key], of[value]]);
    const q = norms.query ? context.rmsNorm(queries, norms.query, epsilon) : queries;
    const k = norms.key ? context.rmsNorm(keys, norms.key, epsilon) : keys;
    context.rotate(q, headCount, headSize);
    context.rotate(k, keyValueHeadCount, headSize);
    context.addLinear(context.attend(q, k, values), of[output]);

    const between = context.rmsNorm(context.residual, norms.postAttention, epsilon);
    const [gates, ups] = context.linears(between, [of[gate], of[up]]);
    context.addLinear(context.swiglu(gates, ups), of[down]);
  };
}
