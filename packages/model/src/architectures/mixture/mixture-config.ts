import type { ExpertWeighting } from "@lathe/tensor";

/** A mixture of experts as data (arXiv:1701.06538): a router sends each token to a few of many gated MLPs. */
export interface MixtureConfig {
  readonly expertCount: number;
  readonly expertsPerToken: number;
  /** Width of a routed expert. */
  readonly expertSize: number;
  /** Width of the experts that all tokens pass, as one gated MLP; 0 where there are none. */
  readonly sharedSize: number;
  readonly weighting: ExpertWeighting;
  /**
   * How experts are chosen beside their scores (DeepSeek-V3, arXiv:2412.19437, §2.1.2): a stored number for each expert is added
   * to its score, and only experts of the best groups are taken. Null where the highest scores decide alone.
   */
  readonly groups: ExpertGroups | null;
}

/** The share of a mixture: some of the width of every expert. All processes know of all of them, and choose the same. */
export const dividedMixture = (mixture: MixtureConfig, size: number): MixtureConfig => ({
  ...mixture,
  expertSize: mixture.expertSize / size,
  sharedSize: mixture.sharedSize / size,
});

/** Groups of experts that lie one after the other. */
export interface ExpertGroups {
  /** A divisor of the number of experts. */
  readonly count: number;
  /** Groups of a token. */
  readonly perToken: number;
}
