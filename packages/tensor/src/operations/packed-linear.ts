import type { WeightMatrix } from "@lathe/kernels";

/** What kernels of a packed linear are given besides their inputs x [N, I] and, if there is one, a bias [O]. */
export interface PackedLinearAttributes {
  /** [O, I], frozen; its codes are read in place. */
  readonly matrix: WeightMatrix;
}

/**
 * Name of the operation y = x Ŵᵀ + b over a packed Ŵ, for engines that have a kernel for it. Whoever packs weights gives it its
 * portable form.
 */
export const PACKED_LINEAR = "quantizedLinear";
