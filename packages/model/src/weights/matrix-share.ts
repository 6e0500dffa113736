import type { RowRange } from "./tensor-info.js";

/** The stretch of a matrix [O, I] that a process has. */
export interface MatrixShare {
  /** [O, I] */
  readonly whole: readonly [outFeatures: number, inFeatures: number];
  readonly outputs: RowRange;
  readonly inputs: RowRange;
}
