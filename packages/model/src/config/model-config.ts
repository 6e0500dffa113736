/** Architectures the package can run, by the `model_type` of their config.json. */
export const supportedArchitectures = ["qwen2", "llama", "qwen3"] as const;

/** An architecture the package can run. */
export type Architecture = (typeof supportedArchitectures)[number];

/** Stretches the rotary wavelengths so that a model reads further than it was pretrained on. */
export type RopeScaling =
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      /** Positions seen in pretraining, before the stretch. */
      readonly originalMaxPositions: number;
    }
  | { readonly type: "linear"; readonly factor: number }
  | {
      /** YaRN, arXiv:2309.00071. */
      readonly type: "yarn";
      readonly factor: number;
      /** Positions seen in pretraining, before the stretch. */
      readonly originalMaxPositions: number;
      /** Multiplies the cosines and sines. */
      readonly attentionFactor: number;
      /** Rotations within the pretrained length from which on a frequency is kept as it is. */
      readonly betaFast: number;
      /** Rotations within the pretrained length below which a frequency is divided by `factor`. */
      readonly betaSlow: number;
      /** Whether the two bounds are rounded to whole dimensions. */
      readonly truncate: boolean;
    };

/** How positions turn into angles. */
export interface RopeConfig {
  /** Base of the wavelengths. */
  readonly theta: number;
  readonly scaling: RopeScaling | null;
}

/** A decoder as data: everything needed to build it and to know the shapes of its weights. */
export interface ModelConfig {
  readonly architecture: Architecture;
  /** Rows of the embedding; may exceed the ids the tokenizer knows. */
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layerCount: number;
  /** Query heads; a multiple of `keyValueHeadCount`. */
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  /** Numbers per head, even; headCount · headSize need not be hiddenSize. */
  readonly headSize: number;
  readonly rmsNormEpsilon: number;
  readonly rope: RopeConfig;
  /** Tokens the model is meant to read at most. */
  readonly maxPositions: number;
  /** The output head is the embedding, transposed. */
  readonly tieWordEmbeddings: boolean;
  /** q, k and v projections have a bias. */
  readonly attentionBias: boolean;
  /** The o projection has a bias. */
  readonly attentionOutputBias: boolean;
  /** gate, up and down projections have a bias. */
  readonly mlpBias: boolean;
  /** Queries and keys pass an RMS norm per head before the rotation. */
  readonly queryKeyNorm: boolean;
  readonly beginOfSequenceIds: readonly number[];
  /** Ids at which generation stops. */
  readonly endOfSequenceIds: readonly number[];
  readonly padId: number | null;
  /** Type the weights are said to be stored in, such as "bfloat16"; the files decide. */
  readonly dtype: string | null;
}
