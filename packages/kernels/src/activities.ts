/** What a thread that computes may be doing. */
export const activities = [
  /** Outside of kernels: JavaScript and the runtime. */
  "outside",
  /** For work, or for other threads to end theirs. */
  "waiting",
  /** Products with weights. */
  "product",
  /** Packing weights, and rounding them, for a product. */
  "weights",
  /** Packing activations, and rounding them, for a product; looking for outliers. */
  "rows",
  /** Updates of adapters, and products of float32 matrices. */
  "lowRank",
  "attention",
  /** Losses over the vocabulary; their products are products. */
  "head",
  /** Norms, gates, sums, copies. */
  "elementwise",
  "optimiser",
  /** Taking and giving back memory. */
  "memory",
] as const;

/** One of {@link activities}. */
export type Activity = (typeof activities)[number];

/** How often threads were seen at what, all threads together. */
export interface ActivitySamples extends Readonly<Record<Activity, number>> {
  /** Threads that were looked at, at most. */
  readonly threads: number;
}
