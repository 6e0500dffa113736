import type { BaseFormat } from "../shared/random-weights.js";

/** One product: x [rows, I] with a weight [O, I]. */
export interface ProductShape {
  readonly rows: number;
  readonly outFeatures: number;
  readonly inFeatures: number;
}

/** How a weight is stored and multiplied. */
export interface ProductKind {
  readonly format: BaseFormat;
  readonly precision: string;
}

/** Which product: y = x Wᵀ, or dx = dy W from the same codes. */
export type Direction = "forward" | "gradient";

/** Products that every contestant computes. */
export interface GemmJob {
  readonly shapes: readonly ProductShape[];
  readonly direction: Direction;
  readonly repeats: number;
  /** Seconds after which a product is not repeated any more. */
  readonly budget: number;
}

/** The job of Lathe's own process. */
export interface LatheGemmJob extends GemmJob {
  readonly engine: string;
  readonly kinds: readonly ProductKind[];
}

/** One product as it was measured. */
export interface MeasuredProduct extends ProductShape {
  /** The kind's name, or the peer's type. */
  readonly kind: string;
  readonly seconds: readonly number[];
  /** Root mean square error of some elements against a sum in float64, by their root mean square; Lathe's only. */
  readonly error?: number;
}

/** What a contestant did. */
export interface GemmOutcome {
  readonly products: readonly MeasuredProduct[];
}

/** What Lathe's process did. */
export interface LatheGemmOutcome extends GemmOutcome {
  readonly engine: string;
  readonly engineDescription: string;
  /** Kinds that the engine does not offer, each with the reason. */
  readonly passedOver: readonly string[];
}

/** Name of a kind, e.g. `int8·bf16`: weights, then how activations enter. */
export function kindName({ format, precision }: ProductKind): string {
  return `${format}·${precision}`;
}

/** Operations of a product: a multiplication and an addition for each pair. */
export function operationCount({ rows, outFeatures, inFeatures }: ProductShape): number {
  return 2 * rows * outFeatures * inFeatures;
}
