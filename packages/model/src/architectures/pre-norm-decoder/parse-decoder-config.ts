import { phrase } from "@lathe/files";
import type { ConfigKeys } from "../../config/config-keys.js";
import { type CommonDefaults, parseCommon } from "../../config/parse-common.js";
import { parseRope } from "../../config/parse-rope.js";
import type { DecoderConfig } from "./decoder-config.js";

/** What sets one pre-norm decoder apart from another, and the values that Transformers assumes for missing keys. */
export interface DecoderTraits extends CommonDefaults {
  /** `model_type`. */
  readonly name: string;
  /** The class that `architectures` names. */
  readonly className: string;
  readonly intermediate_size: number;
  readonly num_attention_heads: number;
  /** null: as many as attention heads. */
  readonly num_key_value_heads: number | null;
  /** null: hidden_size / num_attention_heads. */
  readonly head_dim: number | null;
  /** Biases of q, k, v and o: fixed, or as `attention_bias` says. */
  readonly bias: { readonly queryKeyValue: boolean; readonly output: boolean } | "attention_bias";
  /** Whether `mlp_bias` is a key of the architecture. */
  readonly hasMlpBiasKey: boolean;
  readonly queryKeyNorm: boolean;
}

/**
 * The config of a pre-norm decoder.
 * @throws ModelConfigError naming the key
 */
export function parseDecoderConfig(keys: ConfigKeys, traits: DecoderTraits): DecoderConfig {
  refuseUnsupported(keys);
  const common = parseCommon(traits.name, keys, traits);
  const headCount = keys.size("num_attention_heads", traits.num_attention_heads);
  const keyValueHeadCount = keys.isNull("num_key_value_heads")
    ? headCount
    : keys.size("num_key_value_heads", traits.num_key_value_heads ?? headCount);
  if (headCount % keyValueHeadCount !== 0) {
    throw keys.fault(
      "num_key_value_heads",
      phrase`a divisor of num_attention_heads ${headCount}`,
      keyValueHeadCount,
    );
  }
  const isBiased = traits.bias === "attention_bias" && keys.flag("attention_bias", false);
  return {
    ...common,
    intermediateSize: keys.size("intermediate_size", traits.intermediate_size),
    headCount,
    keyValueHeadCount,
    headSize: headSizeOf(keys, traits.head_dim, common.hiddenSize, headCount),
    rope: parseRope(keys, common.maxPositions),
    attentionBias: traits.bias === "attention_bias" ? isBiased : traits.bias.queryKeyValue,
    attentionOutputBias: traits.bias === "attention_bias" ? isBiased : traits.bias.output,
    mlpBias: traits.hasMlpBiasKey && keys.flag("mlp_bias", false),
    queryKeyNorm: traits.queryKeyNorm,
  };
}

/** Refuses what would change the model's numbers if it were passed over. */
function refuseUnsupported(keys: ConfigKeys): void {
  const activation = keys.text("hidden_act") ?? "silu";
  if (activation !== "silu") throw keys.fault("hidden_act", '"silu"', activation);
  if (keys.flag("use_sliding_window", false)) {
    throw keys.fault("use_sliding_window", "false, as sliding-window attention is not supported", true);
  }
  const layerTypes = keys.value("layer_types") ?? [];
  if (!Array.isArray(layerTypes) || !layerTypes.every((type) => type === "full_attention")) {
    throw keys.fault("layer_types", 'only "full_attention", as other attention is not supported', layerTypes);
  }
}

function headSizeOf(
  keys: ConfigKeys,
  defaultSize: number | null,
  hiddenSize: number,
  headCount: number,
): number {
  const isGiven = keys.isGiven("head_dim");
  if (!isGiven && defaultSize === null && hiddenSize % headCount !== 0) {
    throw keys.fault("hidden_size", phrase`a multiple of num_attention_heads ${headCount}`, hiddenSize);
  }
  const headSize = isGiven ? keys.size("head_dim", 0) : (defaultSize ?? hiddenSize / headCount);
  if (headSize % 2 !== 0) {
    throw keys.fault("head_dim", "an even number, as rotary embeddings turn pairs", headSize);
  }
  return headSize;
}
