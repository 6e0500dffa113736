/**
 * Multi-head latent attention as data (arXiv:2405.04434, §2.1): keys and values of all heads are products of one latent vector,
 * and the part of keys that turns with the position is shared by the heads.
 */
export interface LatentAttentionConfig {
  readonly headCount: number;
  /** Width of the vector that queries are products of; null where they come straight from the residual stream. */
  readonly queryLatentSize: number | null;
  /** Width of the vector that keys and values are products of. */
  readonly latentSize: number;
  /** Numbers of a head's query and key that do not turn. */
  readonly stillSize: number;
  /** Numbers of a head's query and key that turn with the position; even. */
  readonly turningSize: number;
  /** Numbers of a head's value. */
  readonly valueSize: number;
  /** Whether the turning numbers are stored as pairs side by side, not as halves. */
  readonly hasPairsSideBySide: boolean;
  /** The products from the residual stream to latents and back have biases. */
  readonly attentionBias: boolean;
  /** Multiplies the scores. */
  readonly attentionScale: number;
}

/** Of the norms of latents: Transformers does not take the model's own here. */
export const LATENT_NORM_EPSILON = 1e-6;
