import { phrase } from "@lathe/files";
import type { ConfigKeys } from "./config-keys.js";
import type { ModelConfig } from "./model-config.js";

/** Layers beyond which a config is taken for damaged: tables are made per layer, and no model comes near. */
const LAYER_LIMIT = 10_000;

const DEFAULT_RMS_NORM_EPSILON = 1e-6;

/** Values that Transformers assumes for keys that a config.json leaves out. */
export interface CommonDefaults {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly max_position_embeddings: number;
  readonly bos_token_id: number | null;
  readonly eos_token_id: number | null;
}

/**
 * The part of a config that all architectures have.
 * @throws ModelConfigError naming the key
 */
export function parseCommon(architecture: string, keys: ConfigKeys, defaults: CommonDefaults): ModelConfig {
  const layerCount = keys.size("num_hidden_layers", defaults.num_hidden_layers);
  if (layerCount > LAYER_LIMIT)
    throw keys.fault("num_hidden_layers", phrase`at most ${LAYER_LIMIT}`, layerCount);
  return {
    architecture,
    vocabularySize: keys.size("vocab_size", defaults.vocab_size),
    hiddenSize: keys.size("hidden_size", defaults.hidden_size),
    layerCount,
    rmsNormEpsilon: keys.positive("rms_norm_eps", DEFAULT_RMS_NORM_EPSILON),
    maxPositions: keys.size("max_position_embeddings", defaults.max_position_embeddings),
    tieWordEmbeddings: keys.flag("tie_word_embeddings", false),
    beginOfSequenceIds: keys.ids("bos_token_id", defaults.bos_token_id),
    endOfSequenceIds: keys.ids("eos_token_id", defaults.eos_token_id),
    padId: keys.ids("pad_token_id", null).at(0) ?? null,
    dtype: keys.text("dtype") ?? keys.text("torch_dtype"),
  };
}
