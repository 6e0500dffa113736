import type { DecoderConfig } from "@lathe/model";

/** What sets one Qwen2 model apart from another. */
export interface ModelDimensions {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly vocabularySize: number;
  /** Whether the output head is the embedding. */
  readonly tieWordEmbeddings: boolean;
}

/** Dimensions of the models that are measured, with Qwen2's architecture. */
export const modelSizes = {
  /** 0.1M parameters, for many steps. */
  tiny: { hiddenSize: 64, intermediateSize: 128, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: 512, tieWordEmbeddings: true },
  /** 5.5M parameters: the model of the quick start. */
  mini: { hiddenSize: 256, intermediateSize: 704, layerCount: 6, headCount: 4, keyValueHeadCount: 2, vocabularySize: 4096, tieWordEmbeddings: true },
  /** 30M parameters. */
  "30m": { hiddenSize: 384, intermediateSize: 1024, layerCount: 8, headCount: 6, keyValueHeadCount: 2, vocabularySize: 16384, tieWordEmbeddings: true },
  /** Qwen2.5-0.5B. */
  "0.5b": { hiddenSize: 896, intermediateSize: 4864, layerCount: 24, headCount: 14, keyValueHeadCount: 2, vocabularySize: 151936, tieWordEmbeddings: true },
  /** Qwen2.5-1.5B. */
  "1.5b": { hiddenSize: 1536, intermediateSize: 8960, layerCount: 28, headCount: 12, keyValueHeadCount: 2, vocabularySize: 151936, tieWordEmbeddings: true },
  /** Qwen2.5-7B. */
  "7b": { hiddenSize: 3584, intermediateSize: 18944, layerCount: 28, headCount: 28, keyValueHeadCount: 4, vocabularySize: 152064, tieWordEmbeddings: false },
} as const satisfies Record<string, ModelDimensions>; // prettier-ignore

/** Name of a measured model. */
export type ModelSize = keyof typeof modelSizes;

/** Names of all measured models, smallest first. */
export const modelSizeNames = Object.keys(modelSizes) as readonly ModelSize[];

const ROPE_THETA = 1e6;
const RMS_NORM_EPSILON = 1e-6;
const MAX_POSITIONS = 4096;

/** The config of a model as Lathe has it. */
export function modelConfig(size: ModelSize): DecoderConfig {
  const dimensions = modelSizes[size];
  return {
    architecture: "qwen2",
    ...dimensions,
    headSize: dimensions.hiddenSize / dimensions.headCount,
    rmsNormEpsilon: RMS_NORM_EPSILON,
    rope: { theta: ROPE_THETA, scaling: null },
    maxPositions: MAX_POSITIONS,
    attentionBias: true,
    attentionOutputBias: false,
    mlpBias: false,
    queryKeyNorm: false,
    beginOfSequenceIds: [],
    endOfSequenceIds: [],
    padId: null,
    dtype: null,
  };
}

/** The same config in the words of a `config.json`, for peers and model folders. */
export function huggingFaceConfig(size: ModelSize): Record<string, unknown> {
  const dimensions = modelSizes[size];
  return {
    model_type: "qwen2",
    architectures: ["Qwen2ForCausalLM"],
    hidden_act: "silu",
    hidden_size: dimensions.hiddenSize,
    intermediate_size: dimensions.intermediateSize,
    num_hidden_layers: dimensions.layerCount,
    num_attention_heads: dimensions.headCount,
    num_key_value_heads: dimensions.keyValueHeadCount,
    vocab_size: dimensions.vocabularySize,
    tie_word_embeddings: dimensions.tieWordEmbeddings,
    max_position_embeddings: MAX_POSITIONS,
    rms_norm_eps: RMS_NORM_EPSILON,
    rope_theta: ROPE_THETA,
    initializer_range: 0.02,
  };
}
