/**
 * Processes that compute every layer of a model together, each with a part of its heads and of the width of its MLPs (tensor
 * parallelism, Shoeybi et al., arXiv:1909.08053): what they have in common after each half of a layer is the sum of their parts.
 */
export interface TensorGroup {
  /** This process among them, from 0. */
  readonly rank: number;
  readonly size: number;
  /** Replaces values by their sums over the group, the same bits on all, before it returns. */
  sum(values: Float32Array): void;
}
