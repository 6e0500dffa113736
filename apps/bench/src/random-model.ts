import { threefry2x32 } from "@lathe/kernels";
import {
  DenseLinear,
  type DecoderLayer,
  EmbeddingTable,
  LanguageModel,
  type LayerLinearName,
  type Linear,
  type ModelConfig,
} from "@lathe/model";
import * as tf from "@tensorflow/tfjs";

/** Dimensions of the models that are measured, with Qwen2's architecture. */
export const modelSizes = {
  /** 5.5M parameters: the model of the quick start. */
  mini: { hiddenSize: 256, intermediateSize: 704, layerCount: 6, headCount: 4, keyValueHeadCount: 2, vocabularySize: 4096 },
  /** 30M parameters. */
  "30m": { hiddenSize: 384, intermediateSize: 1024, layerCount: 8, headCount: 6, keyValueHeadCount: 2, vocabularySize: 16384 },
  /** Qwen2.5-0.5B. */
  "0.5b": { hiddenSize: 896, intermediateSize: 4864, layerCount: 24, headCount: 14, keyValueHeadCount: 2, vocabularySize: 151936 },
} as const; // prettier-ignore

export type ModelSize = keyof typeof modelSizes;

/** Numbers of standard deviation 0.02, roughly normal, the same on every machine. */
function randomWeights(length: number, stream: number): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i += 2) {
    const [a, b] = threefry2x32([stream, 0], [i, 0]);
    // Sum of four 16-bit uniforms, centred; its variance is 4/12.
    const near = (bits: number): number => ((bits & 0xffff) + (bits >>> 16)) / 65536 - 1;
    values[i] = (near(a) + near(b)) * 0.02 * Math.sqrt(3);
    if (i + 1 < length) values[i + 1] = (near(a) - near(b)) * 0.02 * Math.sqrt(3);
  }
  return values;
}

/** A model with random weights: speed does not depend on what a model knows. */
export function randomModel(size: ModelSize): LanguageModel {
  const dimensions = modelSizes[size];
  const { hiddenSize, intermediateSize, layerCount, headCount, keyValueHeadCount, vocabularySize } =
    dimensions;
  const headSize = hiddenSize / headCount;
  const config: ModelConfig = {
    architecture: "qwen2",
    ...dimensions,
    headSize,
    rmsNormEpsilon: 1e-6,
    rope: { theta: 1e6, scaling: null },
    maxPositions: 4096,
    tieWordEmbeddings: true,
    attentionBias: true,
    attentionOutputBias: false,
    mlpBias: false,
    queryKeyNorm: false,
    beginOfSequenceIds: [],
    endOfSequenceIds: [],
    padId: null,
    dtype: null,
  };
  let stream = 0;
  const linear = (outFeatures: number, inFeatures: number, biased = false): Linear =>
    new DenseLinear({
      shape: [outFeatures, inFeatures],
      weight: randomWeights(outFeatures * inFeatures, ++stream),
      bias: biased ? randomWeights(outFeatures, ++stream) : null,
    });
  const ones = (): tf.Tensor1D => tf.keep(tf.ones<tf.Rank.R1>([hiddenSize]));
  const keyValueSize = keyValueHeadCount * headSize;
  const layer = (): DecoderLayer => {
    const linears: Record<LayerLinearName, Linear> = {
      q_proj: linear(hiddenSize, hiddenSize, true),
      k_proj: linear(keyValueSize, hiddenSize, true),
      v_proj: linear(keyValueSize, hiddenSize, true),
      o_proj: linear(hiddenSize, hiddenSize),
      gate_proj: linear(intermediateSize, hiddenSize),
      up_proj: linear(intermediateSize, hiddenSize),
      down_proj: linear(hiddenSize, intermediateSize),
    };
    return { linears, inputNorm: ones(), postAttentionNorm: ones(), queryNorm: null, keyNorm: null };
  };
  const table = randomWeights(vocabularySize * hiddenSize, ++stream);
  return new LanguageModel(config, {
    embedding: new EmbeddingTable([vocabularySize, hiddenSize], (ids, into) => {
      ids.forEach((id, row) => {
        into.set(table.subarray(id * hiddenSize, (id + 1) * hiddenSize), row * hiddenSize);
      });
    }),
    layers: Array.from({ length: layerCount }, layer),
    finalNorm: ones(),
    head: new DenseLinear({ shape: [vocabularySize, hiddenSize], weight: table, bias: null }),
  });
}
