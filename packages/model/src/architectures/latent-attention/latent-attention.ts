import {
  type AttentionHeads,
  embedding,
  join,
  type LayerCacheShape,
  reorderColumns,
  reshape,
  rmsNorm,
  rope,
  split,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { LayerContext, LayerWeights } from "../architecture.js";
import { LATENT_NORM_EPSILON, type LatentAttentionConfig } from "./latent-attention-config.js";
import { latentNorms, latentPaths } from "./latent-attention-parts.js";

/**
 * The heads of attention over the rows at hand. Values are as wide as keys, zeros at their end: engines have one kernel for heads
 * of one size, which is worth more than the zeros cost.
 */
export function latentHeads(config: LatentAttentionConfig): AttentionHeads {
  const { headCount, stillSize, turningSize, valueSize, attentionScale: scale } = config;
  const size = Math.max(stillSize + turningSize, valueSize);
  return { headCount, keyValueHeadCount: headCount, keySize: size, valueSize: size, scale };
}

/** What is kept of a past token: its latent and the part of its key that turned, of which all heads read (§2.1.2). */
export function latentCache({
  headCount,
  latentSize,
  turningSize,
  attentionScale: scale,
}: LatentAttentionConfig): LayerCacheShape {
  const size = latentSize + turningSize;
  return { headCount, keyValueHeadCount: 1, keySize: size, valueSize: size, scale, valuesAreKeys: true };
}

/** Queries and keys of the rows at hand, as far as attention with and without a cache have them in common. */
interface Projected {
  /** [N · H, still] */
  readonly stillQueries: tf.Tensor2D;
  /** [N · H, turning], turned. */
  readonly turnedQueries: tf.Tensor2D;
  /** [N, latent], normed. */
  readonly latent: tf.Tensor2D;
  /** [N, turning], turned. */
  readonly turnedKeys: tf.Tensor2D;
}

/**
 * Latent attention of a layer, recorded on the active tape.
 *
 * @param normed [N, h]
 * @param wanted picks the rows that are wanted before the last product
 * @returns [M, h], owned by the caller
 */
export function latentAttention(
  config: LatentAttentionConfig,
  weights: LayerWeights,
  normed: tf.Tensor2D,
  context: LayerContext,
  wanted: (rows: tf.Tensor2D) => tf.Tensor2D,
): tf.Tensor2D {
  const projected = project(config, weights, normed, context);
  const attended = (context.isCached ? attendToLatents : attendToHeads)(config, weights, projected, context);
  return weights.linears[latentPaths.output].forward(wanted(attended));
}

function project(
  config: LatentAttentionConfig,
  { linears, vectors }: LayerWeights,
  normed: tf.Tensor2D,
  { angles }: LayerContext,
): Projected {
  const { headCount, queryLatentSize, latentSize, stillSize, turningSize } = config;
  const [rows] = normed.shape;
  const turned = (x: tf.Tensor2D, heads: number): tf.Tensor2D => {
    const halves = config.hasPairsSideBySide ? reorderColumns(x, pairsToHalves(turningSize)) : x;
    return reshape(rope(reshape(halves, [rows, heads, turningSize]), angles), [rows * heads, turningSize]);
  };
  const queryOf = (x: tf.Tensor2D): tf.Tensor2D => {
    if (queryLatentSize === null) return linears[latentPaths.query].forward(x);
    const small = linears[latentPaths.queryDown].forward(x);
    return linears[latentPaths.queryUp].forward(
      rmsNorm(small, vectors[latentNorms.query], LATENT_NORM_EPSILON),
    );
  };
  const queries: tf.Tensor2D = reshape(queryOf(normed), [rows * headCount, stillSize + turningSize]);
  const [stillQueries, turningQueries] = split(queries, [stillSize, turningSize], 1);
  const [latent, turningKeys] = split(
    linears[latentPaths.down].forward(normed),
    [latentSize, turningSize],
    1,
  );
  return {
    stillQueries,
    turnedQueries: turned(turningQueries, headCount),
    latent: rmsNorm(latent, vectors[latentNorms.keyValue], LATENT_NORM_EPSILON),
    turnedKeys: turned(turningKeys, 1),
  };
}

/** The order of columns that lays the first numbers of all pairs before the second ones. */
function pairsToHalves(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, column) =>
    column < size / 2 ? 2 * column : 2 * (column - size / 2) + 1,
  );
}

/** Keys and values are made of the latents: for many rows at a time. @returns [N, H · value] */
function attendToHeads(
  config: LatentAttentionConfig,
  { linears }: LayerWeights,
  { stillQueries, turnedQueries, latent, turnedKeys }: Projected,
  { attend }: LayerContext,
): tf.Tensor2D {
  const { headCount, stillSize, valueSize } = config;
  const { keySize: size } = latentHeads(config);
  const [rows] = latent.shape;
  const ofHeads: tf.Tensor2D = reshape(linears[latentPaths.up].forward(latent), [
    rows * headCount,
    stillSize + valueSize,
  ]);
  const [stillKeys, values] = split(ofHeads, [stillSize, valueSize], 1);
  const copies = Int32Array.from({ length: rows * headCount }, (_, i) => Math.floor(i / headCount));
  const padded = (x: tf.Tensor2D): tf.Tensor2D => {
    const missing = size - x.shape[1];
    return missing === 0 ? x : join([x, tf.zeros([rows * headCount, missing])], 1);
  };
  const heads = (...parts: tf.Tensor2D[]): tf.Tensor3D =>
    reshape(padded(parts.length === 1 ? parts[0] : join(parts, 1)), [rows, headCount, size]);
  const out = attend(
    heads(stillQueries, turnedQueries),
    heads(stillKeys, embedding(turnedKeys, copies)),
    heads(values),
  );
  const flat: tf.Tensor2D = reshape(out, [rows * headCount, size]);
  const kept = size === valueSize ? flat : split(flat, [valueSize, size - valueSize], 1)[0];
  return reshape(kept, [rows, headCount * valueSize]);
}

/**
 * Queries are brought to the latents, and what was attended to from there to the heads, so that a past token is its latent and
 * no head's keys and values are made anew (§2.1.2). Not recorded: a cache has no gradient.
 * @returns [N, H · value]
 */
function attendToLatents(
  config: LatentAttentionConfig,
  { linears }: LayerWeights,
  { stillQueries, turnedQueries, latent, turnedKeys }: Projected,
  { attend }: LayerContext,
): tf.Tensor2D {
  const { headCount, stillSize, valueSize, latentSize, turningSize } = config;
  const [rows] = latent.shape;
  const up = linears[latentPaths.up];
  const weight = up.denseWeight();
  const rowsOfHead = stillSize + valueSize;
  const part = (head: number, from: number, count: number): tf.Tensor2D => {
    const start = (head * rowsOfHead + from) * latentSize;
    return tf.tensor2d(weight.subarray(start, start + count * latentSize), [count, latentSize]);
  };
  const byHead = (x: tf.Tensor2D, size: number): tf.Tensor2D[] =>
    split(reshape(x, [rows, headCount * size]), Array<number>(headCount).fill(size), 1);
  const inLatent = byHead(stillQueries, stillSize).map((queries, head) =>
    tf.matMul<tf.Tensor2D>(queries, part(head, 0, stillSize)),
  );
  const still: tf.Tensor2D = reshape(join(inLatent, 1), [rows * headCount, latentSize]);
  const size = latentSize + turningSize;
  const kept: tf.Tensor3D = reshape(join([latent, turnedKeys], 1), [rows, 1, size]);
  const out = attend(reshape(join([still, turnedQueries], 1), [rows, headCount, size]), kept, kept);
  const [seen] = split(reshape(out, [rows * headCount, size]), [latentSize, turningSize], 1);
  const values = byHead(seen, latentSize).map((ofHead, head) =>
    tf.matMul<tf.Tensor2D>(ofHead, part(head, stillSize, valueSize), false, true),
  );
  return join(values, 1);
}
