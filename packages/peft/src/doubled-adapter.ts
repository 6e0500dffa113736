import type { LoraConfig } from "./lora-config.js";

/**
 * An adapter whose initial matrices are subtracted, B A − B₀ A₀, is one of twice the rank: [B, −B₀] [A; A₀]. That is how it is
 * stored, so that whoever reads it needs the base alone.
 */

/** The config of the adapter of twice the rank, whose scale stays. */
export function doubledConfig(config: LoraConfig): LoraConfig {
  // Without a pattern the scale is alpha / rank, or with rsLoRA alpha / √rank.
  const factor = config.useRslora ? Math.SQRT2 : 2;
  const times = (pattern: Readonly<Record<string, number>>, by: number): Record<string, number> =>
    Object.fromEntries(Object.entries(pattern).map(([name, value]) => [name, value * by]));
  return {
    ...config,
    init: "kaiming",
    rank: 2 * config.rank,
    alpha: factor * config.alpha,
    rankPattern: times(config.rankPattern, 2),
    alphaPattern: times(config.alphaPattern, factor),
  };
}

/** [A; A₀] of two [r, I]. */
export function doubledA(a: Float32Array, origin: Float32Array): Float32Array {
  const doubled = new Float32Array(2 * a.length);
  doubled.set(a);
  doubled.set(origin, a.length);
  return doubled;
}

/** [B, −B₀] of two [O, r]. */
export function doubledB(b: Float32Array, origin: Float32Array, rank: number): Float32Array {
  const doubled = new Float32Array(2 * b.length);
  for (let o = 0; o * rank < b.length; o++) {
    for (let k = 0; k < rank; k++) {
      doubled[o * 2 * rank + k] = b[o * rank + k];
      doubled[o * 2 * rank + rank + k] = -origin[o * rank + k];
    }
  }
  return doubled;
}

/** B and B₀ of what {@link doubledB} made. */
export function halvesOfB(doubled: Float32Array, rank: number): [b: Float32Array, origin: Float32Array] {
  const [b, origin] = [new Float32Array(doubled.length / 2), new Float32Array(doubled.length / 2)];
  for (let i = 0; i < b.length; i++) {
    const place = Math.floor(i / rank) * 2 * rank + (i % rank);
    b[i] = doubled[place];
    origin[i] = -doubled[place + rank];
  }
  return [b, origin];
}
