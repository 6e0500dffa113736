import type { ModelConfig, RopeConfig } from "../../config/model-config.js";
import type { LatentAttentionConfig } from "../latent-attention/latent-attention-config.js";
import type { MixtureConfig } from "../mixture/mixture-config.js";

/** A decoder with latent attention whose layers, but for the first ones, have mixtures of experts (DeepSeek-V3). */
export interface LatentMixtureConfig extends ModelConfig {
  readonly attention: LatentAttentionConfig;
  readonly mixture: MixtureConfig;
  /** Layers from the first one on that have a gated MLP in place of a mixture. */
  readonly denseLayers: number;
  /** Width of that MLP. */
  readonly intermediateSize: number;
  readonly rope: RopeConfig;
}
