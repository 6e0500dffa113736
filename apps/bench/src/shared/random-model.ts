import {
  bfloat16ToFloat32,
  DenseLinear,
  type DecoderLayer,
  EmbeddingTable,
  float16ToFloat32,
  LanguageModel,
  type LayerLinearName,
  type Linear,
} from "@lathe/model";
import { packedFormats, type PackedMatrix, QuantizedLinear } from "@lathe/quant";
import * as tf from "@tensorflow/tfjs-core";
import { modelConfig, type ModelSize } from "./model-sizes.js";
import { type BaseFormat, randomFloats, randomLinear, randomMatrix } from "./random-weights.js";

/** A half-precision format, as embeddings and heads are stored in. */
type HalfFormat = "bf16" | "fp16";

/**
 * The format that a model folder leads to for embedding and head: formats that leave the head keep what is stored, which
 * is bf16 in the folders that models are published in.
 */
function headFormat(base: BaseFormat): "fp32" | HalfFormat {
  if (base === "fp32" || base === "fp16") return base;
  return base === "bf16" || packedFormats[base].leavesHead ? "bf16" : "fp16";
}

function halfTable({ shape, codes }: PackedMatrix, format: HalfFormat): EmbeddingTable {
  const width = shape[1];
  const table = codes as Uint16Array;
  const widen = format === "bf16" ? bfloat16ToFloat32 : float16ToFloat32;
  return new EmbeddingTable(shape, (ids, into) => {
    ids.forEach((id, row) => {
      widen(table.subarray(id * width, (id + 1) * width), into.subarray(row * width, (row + 1) * width));
    });
  });
}

function floatTable(shape: readonly [number, number], values: Float32Array): EmbeddingTable {
  const width = shape[1];
  return new EmbeddingTable(shape, (ids, into) => {
    ids.forEach((id, row) => {
      into.set(values.subarray(id * width, (id + 1) * width), row * width);
    });
  });
}

/** Embedding and head; a tied head multiplies with the table that rows are looked up in. */
function embeddingAndHead(
  shape: readonly [number, number],
  format: "fp32" | HalfFormat,
  isTied: boolean,
  stream: number,
): { readonly embedding: EmbeddingTable; readonly head: Linear } {
  if (format === "fp32") {
    const values = randomFloats(shape[0] * shape[1], stream);
    const headValues = isTied ? values : randomFloats(values.length, stream + 1);
    return {
      embedding: floatTable(shape, values),
      head: new DenseLinear({ shape, weight: headValues, bias: null }),
    };
  }
  const table = randomMatrix(format, shape, stream);
  return {
    embedding: halfTable(table, format),
    head: new QuantizedLinear(isTied ? table : randomMatrix(format, shape, stream + 1)),
  };
}

/**
 * A model with random weights: speed does not depend on what a model knows. No more than one matrix is ever in float32,
 * unless the base is.
 */
export function randomModel(size: ModelSize, base: BaseFormat): LanguageModel {
  const config = modelConfig(size);
  const { hiddenSize, intermediateSize, layerCount, headSize, vocabularySize, tieWordEmbeddings } = config;
  const querySize = config.headCount * headSize;
  const keyValueSize = config.keyValueHeadCount * headSize;
  let stream = 0;
  const linear = (outFeatures: number, inFeatures: number, biased = false): Linear =>
    randomLinear(base, [outFeatures, inFeatures], biased, ++stream);
  const ones = (): tf.Tensor1D => tf.keep(tf.ones<tf.Rank.R1>([hiddenSize]));
  const layer = (): DecoderLayer => {
    const linears: Record<LayerLinearName, Linear> = {
      q_proj: linear(querySize, hiddenSize, true),
      k_proj: linear(keyValueSize, hiddenSize, true),
      v_proj: linear(keyValueSize, hiddenSize, true),
      o_proj: linear(hiddenSize, querySize),
      gate_proj: linear(intermediateSize, hiddenSize),
      up_proj: linear(intermediateSize, hiddenSize),
      down_proj: linear(hiddenSize, intermediateSize),
    };
    return { linears, inputNorm: ones(), postAttentionNorm: ones(), queryNorm: null, keyNorm: null };
  };
  const layers = Array.from({ length: layerCount }, layer);
  const ends = embeddingAndHead([vocabularySize, hiddenSize], headFormat(base), tieWordEmbeddings, ++stream);
  return new LanguageModel(config, { ...ends, layers, finalNorm: ones() });
}
