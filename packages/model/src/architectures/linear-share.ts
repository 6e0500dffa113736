import type { MatrixShare } from "../weights/matrix-share.js";
import type { LinearPart } from "./architecture.js";

/** Whose share of a linear: one of the processes that compute layers together. */
export interface SharedBy {
  /** Which of them, from 0. */
  readonly rank: number;
  readonly size: number;
}

/**
 * The share of a linear that a process has: so many of its pieces after one another, or the piece that it has in common with its
 * neighbours; all of a linear that is not divided.
 * @returns null where the pieces do not come to equal shares
 */
export function shareOf(
  { shape, division }: Pick<LinearPart, "shape" | "division">,
  { rank, size }: SharedBy,
): MatrixShare | null {
  const [outFeatures, inFeatures] = shape;
  const all = {
    whole: shape,
    outputs: { start: 0, end: outFeatures },
    inputs: { start: 0, end: inFeatures },
  };
  if (!division || size === 1) return all;
  const { axis, pieces, isCommon = false } = division;
  const isEven = pieces % size === 0;
  if (!isEven && !(isCommon && size % pieces === 0)) return null;
  const count = isEven ? pieces / size : 1;
  const first = Math.floor((rank * pieces) / size);
  const width = (axis === "outputs" ? outFeatures : inFeatures) / pieces;
  const own = { start: first * width, end: (first + count) * width };
  return axis === "outputs" ? { ...all, outputs: own } : { ...all, inputs: own };
}
