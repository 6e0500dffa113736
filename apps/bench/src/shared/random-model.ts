import type { WeightMatrix } from "@lathe/kernels";
import {
  architectureOf,
  EmbeddingTable,
  heldLayers,
  LanguageModel,
  type LayerWeights,
  type Linear,
} from "@lathe/model";
import { packedFormats } from "@lathe/quant";
import type { WeightMemory } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { modelConfig, type ModelSize } from "./model-sizes.js";
import { type BaseFormat, randomFloats, randomLinear, randomMatrix } from "./random-weights.js";

/** A table of random rows, as weights. */
function randomTable(
  format: BaseFormat,
  shape: readonly [rows: number, width: number],
  stream: number,
  memory: WeightMemory | null,
): WeightMatrix {
  return format === "fp32"
    ? { format, shape, codes: randomFloats(shape[0] * shape[1], stream), scales: null }
    : randomMatrix(format, shape, stream, memory);
}

/** Embedding and head in the formats that loading a published folder, in bfloat16, leads to. */
function embeddingAndHead(
  shape: readonly [rows: number, width: number],
  base: BaseFormat,
  isTied: boolean,
  stream: number,
  memory: WeightMemory | null,
): { readonly embedding: EmbeddingTable; readonly head: Linear } {
  const head = randomLinear(
    base === "fp32" ? base : packedFormats[base].headFormat,
    shape,
    false,
    stream,
    memory,
  );
  const shared = isTied ? head.terms?.() : null;
  if (shared) return { embedding: new EmbeddingTable(shared.weight), head };
  // A tied head that does not tell its weight is of the same stream.
  const stored = base === "fp32" || base === "fp16" ? base : "bf16";
  return {
    embedding: new EmbeddingTable(randomTable(stored, shape, isTied ? stream : stream + 1, memory)),
    head,
  };
}

/**
 * A model with random weights: speed does not depend on what a model knows. No more than one matrix is ever in float32,
 * unless the base is.
 * @param memory of the engine, in which packed weights lie as those of a model that was loaded
 */
export function randomModel(size: ModelSize, base: BaseFormat, memory: WeightMemory | null): LanguageModel {
  const config = modelConfig(size);
  const { hiddenSize, layerCount, vocabularySize, tieWordEmbeddings } = config;
  const architecture = architectureOf(config);
  let stream = 0;
  const ones = (size: number): tf.Tensor1D => tf.keep(tf.ones<tf.Rank.R1>([size]));
  const layerOf = (_: unknown, layer: number): LayerWeights => {
    const linears: Record<string, Linear> = {};
    const vectors: Record<string, tf.Tensor1D> = {};
    const fixed: Record<string, tf.Tensor> = {};
    for (const part of architecture.parts(config, layer)) {
      if (part.kind === "vector") vectors[part.name] = ones(part.size);
      else if (part.kind === "fixed") fixed[part.name] = tf.keep(tf.randomNormal([...part.shape], 0, 0.02));
      else linears[part.path] = randomLinear(base, part.shape, part.hasBias, ++stream, memory);
    }
    return { linears, vectors, fixed };
  };
  const layers = Array.from({ length: layerCount }, layerOf);
  const ends = embeddingAndHead([vocabularySize, hiddenSize], base, tieWordEmbeddings, ++stream, memory);
  return new LanguageModel(config, { ...ends, layers: heldLayers(layers), finalNorm: ones(hiddenSize) });
}
