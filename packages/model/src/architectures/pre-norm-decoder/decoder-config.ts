import type { ModelConfig, RopeConfig } from "../../config/model-config.js";

/** What grouped attention with rotary positions is built from. */
export interface GroupedAttentionConfig extends ModelConfig {
  /** Query heads; a multiple of `keyValueHeadCount`. */
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  /** Numbers a head, even; headCount · headSize need not be hiddenSize. */
  readonly headSize: number;
  readonly rope: RopeConfig;
  /** q, k and v projections have a bias. */
  readonly attentionBias: boolean;
  /** The o projection has a bias. */
  readonly attentionOutputBias: boolean;
  /** Queries and keys pass an RMS norm a head before the rotation. */
  readonly queryKeyNorm: boolean;
}

/** A pre-norm decoder with grouped attention and a gated MLP as data: all that its layers are built from. */
export interface DecoderConfig extends GroupedAttentionConfig {
  readonly intermediateSize: number;
  /** gate, up and down projections have a bias. */
  readonly mlpBias: boolean;
}
