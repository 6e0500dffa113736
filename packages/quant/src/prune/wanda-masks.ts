import { DenseLinear, type FlatBatch, type LanguageModel, type NamedLinear } from "@lathe/model";
import * as tf from "@tensorflow/tfjs-core";
import { ObservedLinear, SharedSquares } from "./input-squares.js";
import { pruneMask } from "./prune-mask.js";
import { checkedScores, wandaScores } from "./scores.js";
import type { SparsityRule } from "./sparsity.js";
import type { ZeroMask } from "@lathe/kernels";

/** How {@link wandaMasks} goes on. */
export interface WandaOptions {
  /** Layers done, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
}

/**
 * The weights of the layers' linears that Wanda takes away (arXiv:2306.11695), each output's for itself. One layer after the
 * other: its inputs are those that the pruned layers before it give. The model is the same afterwards.
 *
 * Memory: the residual stream of all tokens, a layer's weights in float32, and a bit a weight.
 *
 * @param batches the calibration's rows
 * @returns masks by name of the weight
 */
export async function wandaMasks(
  model: LanguageModel,
  batches: readonly FlatBatch[],
  rule: SparsityRule,
  { onProgress, signal }: WandaOptions = {},
): Promise<Map<string, ZeroMask>> {
  const masks = new Map<string, ZeroMask>();
  const { layerCount } = model.config;
  let streams = batches.map(({ tokens }) => model.embedding.lookup(tokens));
  try {
    for (let layer = 0; layer < layerCount; layer++) {
      onProgress?.(layer, layerCount);
      const linears = model.linears().filter((named) => named.layer === layer);
      for (const [weight, mask] of await layerMasks(model, layer, linears, batches, streams, rule, signal)) {
        masks.set(weight, mask);
      }
      if (layer + 1 < layerCount) {
        streams = await throughPruned(model, layer, linears, batches, streams, masks, signal);
      }
    }
    onProgress?.(layerCount, layerCount);
    return masks;
  } finally {
    tf.dispose(streams);
  }
}

/** The masks of a layer from what its linears are given while they are whole. */
async function layerMasks(
  model: LanguageModel,
  layer: number,
  linears: readonly NamedLinear[],
  batches: readonly FlatBatch[],
  streams: readonly tf.Tensor2D[],
  rule: SparsityRule,
  signal?: AbortSignal,
): Promise<Map<string, ZeroMask>> {
  const shared = new SharedSquares();
  const observed = linears.map((named) => ({ ...named, observer: new ObservedLinear(named.linear, shared) }));
  try {
    for (const { path, observer } of observed) model.replaceLinear(path, observer);
    for (const [index, batch] of batches.entries()) {
      await breathe(signal);
      model.hiddenStatesPass(batch).layer(layer, streams[index]).dispose();
    }
  } finally {
    for (const { path, linear } of observed) model.replaceLinear(path, linear);
  }
  return new Map(
    observed.map(({ weight, linear, observer }) => {
      const scores = checkedScores(weight, wandaScores(linear.denseWeight(), observer.squares));
      return [weight, pruneMask(scores, linear.shape, rule, "row")];
    }),
  );
}

/** What a layer gives once it is pruned; the streams before it are freed as they are passed. */
async function throughPruned(
  model: LanguageModel,
  layer: number,
  linears: readonly NamedLinear[],
  batches: readonly FlatBatch[],
  streams: tf.Tensor2D[],
  masks: ReadonlyMap<string, ZeroMask>,
  signal?: AbortSignal,
): Promise<tf.Tensor2D[]> {
  const pruned: DenseLinear[] = [];
  try {
    for (const { path, weight, linear } of linears) {
      const values = linear.denseWeight();
      masks.get(weight)!.apply(values);
      const replacement = new DenseLinear({ shape: linear.shape, weight: values, bias: linear.denseBias() });
      pruned.push(replacement);
      model.replaceLinear(path, replacement);
    }
    for (const [index, batch] of batches.entries()) {
      await breathe(signal);
      const before = streams[index];
      streams[index] = model.hiddenStatesPass(batch).layer(layer, before);
      before.dispose();
    }
    return streams;
  } finally {
    for (const { path, linear } of linears) model.replaceLinear(path, linear);
    for (const linear of pruned) linear.dispose();
  }
}

/** Lets signals and timers in between two batches. @throws the signal's reason */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resume) => setImmediate(resume));
  signal?.throwIfAborted();
}
