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

/**
 * What the configs of all architectures have in common. The rest is the architecture's own: what of it others need, they
 * ask the architecture for.
 */
export interface ModelConfig {
  /** `model_type`, the name of the architecture. */
  readonly architecture: string;
  /** Rows of the embedding; may exceed the ids the tokenizer knows. */
  readonly vocabularySize: number;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  readonly layerCount: number;
  /** Of the norm after the layers. */
  readonly rmsNormEpsilon: number;
  /** Tokens the model is meant to read at most. */
  readonly maxPositions: number;
  /** The output head is the embedding, transposed. */
  readonly tieWordEmbeddings: boolean;
  readonly beginOfSequenceIds: readonly number[];
  /** Ids at which generation stops; the first is the one that replies in training end with, where the tokenizer says. */
  readonly endOfSequenceIds: readonly number[];
  readonly padId: number | null;
  /** Type the weights are said to be stored in, such as "bfloat16"; the files decide. */
  readonly dtype: string | null;
}
