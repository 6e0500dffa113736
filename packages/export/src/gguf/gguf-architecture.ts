import { type DecoderConfig, type ModelConfig, ropeInverseFrequencies } from "@lathe/model";
import { phrase, type Phrase } from "@lathe/files";
import { ExportError } from "../errors.js";
import type { GgufMetadata, GgufValue } from "./gguf-value.js";

/** What llama.cpp wants of one architecture of pre-norm decoders beside what all of those have. */
export interface GgufArchitecture {
  /** Whether rows of q and k within a head go from halves to pairs, as llama.cpp turns neighbours. */
  readonly turnsPairs: boolean;
  /** Whether the size of a head is a key of its own whatever it is. */
  readonly namesHeadSize: boolean;
  /** Whether frequencies of the rotary embedding may be divided by a tensor of factors. */
  readonly takesRopeFactors: boolean;
  /** Whether q, k, v and o may have a bias beside what the architecture always has. */
  readonly takesAttentionBias: boolean;
}

const architectures: Readonly<Record<string, GgufArchitecture>> = {
  llama: { turnsPairs: true, namesHeadSize: false, takesRopeFactors: true, takesAttentionBias: true },
  qwen2: { turnsPairs: false, namesHeadSize: false, takesRopeFactors: false, takesAttentionBias: true },
  qwen3: { turnsPairs: false, namesHeadSize: true, takesRopeFactors: false, takesAttentionBias: false },
};

/** Names of the architectures that are written and read, and that a LoRA is written for. */
export const ggufArchitectureNames = Object.keys(architectures);

/** The name of the tensor of rotary factors. */
export const ROPE_FACTORS = "rope_freqs.weight";

/**
 * What llama.cpp wants of a model's architecture, and its config with the keys of that.
 * @param path of the model, for messages
 * @throws ExportError when the architecture, or a trait of the model, has no place in GGUF
 */
export function ggufArchitecture(
  config: ModelConfig,
  path: string,
): { readonly traits: GgufArchitecture; readonly decoder: DecoderConfig } {
  const name = config.architecture;
  const refuse = (part: string, expected: string | Phrase, actual: string): ExportError =>
    new ExportError({ path, part, expected, actual, remedy: "export it as merged safetensors" });
  if (!Object.hasOwn(architectures, name)) {
    const expected = phrase`one of ${ggufArchitectureNames.join(", ")} for GGUF`;
    const remedy = "export the merged model";
    throw new ExportError({ path, part: "model_type", expected, actual: name, remedy });
  }
  const traits = architectures[name];
  const decoder = config as DecoderConfig;
  const { scaling } = decoder.rope;
  if (scaling?.type === "llama3" && !traits.takesRopeFactors) {
    throw refuse("rope_type", "no llama3 scaling, which llama.cpp has for llama alone", "llama3");
  }
  if (scaling?.type === "yarn") {
    const own = scaling.factor <= 1 ? 1 : 0.1 * Math.log(scaling.factor) + 1;
    const isPlain =
      Math.abs(scaling.attentionFactor - own) < 1e-6 &&
      scaling.betaFast === 32 &&
      scaling.betaSlow === 1 &&
      scaling.truncate;
    if (!isPlain) throw refuse("rope_scaling", "YaRN with the factors that llama.cpp derives", "others");
  }
  if (decoder.queryKeyNorm && decoder.attentionBias && !traits.takesAttentionBias) {
    throw refuse("attention_bias", "false, as llama.cpp has no biases there", "true");
  }
  return { traits, decoder };
}

/** The factors by which frequencies are divided; null where they are those of theta alone. @returns [headSize / 2] */
export function ropeFactors({ headSize, rope }: DecoderConfig): Float32Array | null {
  if (rope.scaling?.type !== "llama3") return null;
  const plain = ropeInverseFrequencies({ headSize, rope: { ...rope, scaling: null } }).inverseFrequencies;
  const stretched = ropeInverseFrequencies({ headSize, rope }).inverseFrequencies;
  return Float32Array.from(plain, (frequency, i) => frequency / stretched[i]);
}

/** The values that describe a model's shape. */
export function shapeMetadata(config: DecoderConfig, { namesHeadSize }: GgufArchitecture): GgufMetadata {
  const { architecture, hiddenSize, headCount, headSize, rope } = config;
  const values = new Map<string, GgufValue>();
  const u32 = (key: string, value: number): void => {
    values.set(`${architecture}.${key}`, { type: "u32", value });
  };
  const f32 = (key: string, value: number): void => {
    values.set(`${architecture}.${key}`, { type: "f32", value });
  };
  u32("block_count", config.layerCount);
  u32("context_length", config.maxPositions);
  u32("embedding_length", hiddenSize);
  u32("feed_forward_length", config.intermediateSize);
  u32("attention.head_count", headCount);
  u32("attention.head_count_kv", config.keyValueHeadCount);
  if (namesHeadSize || headSize * headCount !== hiddenSize) {
    u32("attention.key_length", headSize);
    u32("attention.value_length", headSize);
  }
  f32("rope.freq_base", rope.theta);
  u32("rope.dimension_count", headSize);
  const { scaling } = rope;
  if (scaling !== null && scaling.type !== "llama3") {
    values.set(`${architecture}.rope.scaling.type`, { type: "string", value: scaling.type });
    f32("rope.scaling.factor", scaling.factor);
    if (scaling.type === "yarn") u32("rope.scaling.original_context_length", scaling.originalMaxPositions);
  }
  f32("attention.layer_norm_rms_epsilon", config.rmsNormEpsilon);
  u32("vocab_size", config.vocabularySize);
  return values;
}
