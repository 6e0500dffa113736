import type { ModelConfig } from "../config/model-config.js";

/** Number and size of a model's attention heads, and what their scores are multiplied by: 1 / √d. */
export interface AttentionHeads {
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headSize: number;
  readonly scale: number;
}

/** The heads that attention kernels take, of a config. */
export function attentionHeads({ headCount, keyValueHeadCount, headSize }: ModelConfig): AttentionHeads {
  return { headCount, keyValueHeadCount, headSize, scale: 1 / Math.sqrt(headSize) };
}
