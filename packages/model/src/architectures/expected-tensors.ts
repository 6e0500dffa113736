import type { ModelConfig } from "../config/model-config.js";
import { architectureOf } from "./architecture-of.js";

/** Name and shape of every tensor that a model of this config consists of, under the names that safetensors have. */
export function expectedTensors(config: ModelConfig): Map<string, readonly number[]> {
  const architecture = architectureOf(config);
  const { embedding, finalNorm, head } = architecture.ends;
  const { vocabularySize, hiddenSize, layerCount, tieWordEmbeddings } = config;
  const expected = new Map<string, readonly number[]>([
    [embedding, [vocabularySize, hiddenSize]],
    [finalNorm, [hiddenSize]],
  ]);
  if (!tieWordEmbeddings) expected.set(`${head}.weight`, [vocabularySize, hiddenSize]);
  for (let layer = 0; layer < layerCount; layer++) {
    const prefix = architecture.layerPrefix(layer);
    for (const part of architecture.parts(config, layer)) {
      if (part.kind === "vector") {
        expected.set(prefix + part.name, [part.size]);
        continue;
      }
      if (part.kind === "fixed") {
        expected.set(prefix + part.name, part.shape);
        continue;
      }
      expected.set(`${prefix}${part.path}.weight`, part.shape);
      if (part.hasBias) expected.set(`${prefix}${part.path}.bias`, [part.shape[0]]);
    }
  }
  return expected;
}
