import type {
  Architecture,
  LayerContext,
  LayerWeights,
  LinearBlock,
  LinearPart,
  LinearRole,
  ModelConfig,
  VectorPart,
} from "@lathe/model";
import {
  add,
  type AttentionHeads,
  embedding,
  type LayerCacheShape,
  reshape,
  rmsNorm,
  rope,
  swiglu,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";

const FLOAT_BYTES = 4;

/** A model whose first layers attend with rotated keys wider than values, and whose others keep a latent of both. */
export interface TwoKindsConfig extends ModelConfig {
  /** Layers of the first kind; the others follow. */
  readonly turningLayers: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly latentSize: number;
  readonly feedSize: number;
}

const isTurning = ({ turningLayers }: TwoKindsConfig, layer: number): boolean => layer < turningLayers;

function parts(config: TwoKindsConfig, layer: number): (LinearPart | VectorPart)[] {
  const { hiddenSize, headCount, keyValueHeadCount, keySize, valueSize, latentSize, feedSize } = config;
  const linear = (
    path: string,
    role: LinearRole,
    block: LinearBlock,
    shape: readonly [number, number],
    hasBias = false,
  ): LinearPart => ({ kind: "linear", path, roles: [role], block, shape, hasBias });
  const norm: VectorPart = { kind: "vector", name: "before.weight", size: hiddenSize };
  if (!isTurning(config, layer)) {
    return [
      norm,
      linear("look.ask", "query", "attention", [headCount * latentSize, hiddenSize]),
      linear("look.squeeze", "latent", "attention", [latentSize, hiddenSize]),
      linear("look.blend", "output", "attention", [hiddenSize, headCount * latentSize], true),
    ];
  }
  return [
    norm,
    linear("look.ask", "query", "attention", [headCount * keySize, hiddenSize], true),
    linear("look.match", "key", "attention", [keyValueHeadCount * keySize, hiddenSize]),
    linear("look.give", "value", "attention", [keyValueHeadCount * valueSize, hiddenSize]),
    linear("look.blend", "output", "attention", [hiddenSize, headCount * valueSize]),
    linear("feed.open", "gate", "mlp", [feedSize, hiddenSize]),
    linear("feed.wide", "up", "mlp", [feedSize, hiddenSize]),
    linear("feed.narrow", "down", "mlp", [hiddenSize, feedSize]),
  ];
}

function heads(config: TwoKindsConfig, layer: number): AttentionHeads {
  const { headCount, keyValueHeadCount, keySize, valueSize, latentSize } = config;
  return isTurning(config, layer)
    ? { headCount, keyValueHeadCount, keySize, valueSize, scale: 1 / Math.sqrt(keySize) }
    : {
        headCount,
        keyValueHeadCount: headCount,
        keySize: latentSize,
        valueSize: latentSize,
        scale: 1 / Math.sqrt(latentSize),
      };
}

/** Training has a copy of the latent a head, generation keeps one. */
function cache(config: TwoKindsConfig, layer: number): LayerCacheShape {
  const ofLayer = heads(config, layer);
  return isTurning(config, layer)
    ? { ...ofLayer, valuesAreKeys: false }
    : { ...ofLayer, keyValueHeadCount: 1, valuesAreKeys: true };
}

function forward(
  config: TwoKindsConfig,
  layer: number,
  { linears, vectors }: LayerWeights,
  x: tf.Tensor2D,
  { angles, attend, isCached, positions }: LayerContext,
): tf.Tensor2D {
  return tf.tidy(() => {
    const { headCount, keyValueHeadCount, keySize, valueSize, latentSize } = config;
    const [rows] = x.shape;
    const wanted = (y: tf.Tensor2D): tf.Tensor2D => (positions ? embedding(y, positions) : y);
    const normed = rmsNorm(x, vectors["before.weight"], config.rmsNormEpsilon);
    const apart = (path: string, count: number, size: number): tf.Tensor3D =>
      reshape(linears[path].forward(normed), [rows, count, size]);
    const blended = (attended: tf.Tensor3D): tf.Tensor2D => {
      const [, count, size] = attended.shape;
      return linears["look.blend"].forward(wanted(reshape(attended, [rows, count * size])));
    };
    if (!isTurning(config, layer)) {
      const latent = linears["look.squeeze"].forward(normed);
      const copies = Int32Array.from({ length: rows * headCount }, (_, i) => Math.floor(i / headCount));
      const kept: tf.Tensor3D = isCached
        ? reshape(latent, [rows, 1, latentSize])
        : reshape(embedding(latent, copies), [rows, headCount, latentSize]);
      return add(wanted(x), blended(attend(apart("look.ask", headCount, latentSize), kept, kept)));
    }
    const q = rope(apart("look.ask", headCount, keySize), angles);
    const k = rope(apart("look.match", keyValueHeadCount, keySize), angles);
    const y = add(wanted(x), blended(attend(q, k, apart("look.give", keyValueHeadCount, valueSize))));
    const fed = swiglu(linears["feed.open"].forward(y), linears["feed.wide"].forward(y));
    return add(y, linears["feed.narrow"].forward(fed));
  });
}

/** All that Lathe knows of the architecture. */
export const twoKinds: Architecture<TwoKindsConfig> = {
  name: "two_kinds",
  className: "TwoKindsForCausalLM",
  ends: { embedding: "words.weight", finalNorm: "after.weight", head: "say" },
  layerPrefix: (layer) => `floors.${layer}.`,
  parseConfig: (keys) => ({
    architecture: "two_kinds",
    vocabularySize: keys.size("vocab_size", 32),
    hiddenSize: keys.size("hidden_size", 16),
    layerCount: keys.size("num_hidden_layers", 3),
    rmsNormEpsilon: 1e-6,
    maxPositions: keys.size("max_position_embeddings", 128),
    tieWordEmbeddings: false,
    beginOfSequenceIds: [],
    endOfSequenceIds: [],
    padId: null,
    dtype: "float32",
    turningLayers: keys.size("turning_layers", 1),
    headCount: keys.size("heads", 4),
    keyValueHeadCount: keys.size("key_value_heads", 2),
    keySize: keys.size("key_size", 6),
    valueSize: keys.size("value_size", 4),
    latentSize: keys.size("latent_size", 5),
    feedSize: keys.size("feed_size", 24),
  }),
  parts,
  divided: (config, size) => ({
    ...config,
    headCount: config.headCount / size,
    keyValueHeadCount: config.keyValueHeadCount / size,
    feedSize: config.feedSize / size,
  }),
  attention: heads,
  cache,
  rotary: ({ keySize }) => ({
    inverseFrequencies: Float64Array.from({ length: keySize / 2 }, (_, i) => 10_000 ** (-2 * (i / keySize))),
    attentionFactor: 1,
  }),
  forward,
  routed: () => null,
  step: () => null,
  bytes(config, layer, { adapted, rank }) {
    const linears = parts(config, layer).filter((part) => part.kind === "linear");
    const outputs = linears.reduce((sum, { shape }) => sum + shape[0], 0);
    const updates = linears.filter(({ path }) => adapted.has(path.slice(path.indexOf(".") + 1))).length;
    const { headCount, latentSize, hiddenSize } = config;
    const copies = isTurning(config, layer) ? 0 : headCount * latentSize;
    const kept = FLOAT_BYTES * (4 * hiddenSize + 2 * outputs + copies + updates * rank);
    return { kept, atWork: 2 * kept };
  },
};
