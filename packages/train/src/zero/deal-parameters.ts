import { elementCount } from "@lathe/model";
/** Rows of a parameter, counted along its first axis, that one rank updates. */
export interface ParameterPart {
  readonly rank: number;
  /** First row. */
  readonly start: number;
  /** The row after the last. */
  readonly end: number;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/**
 * Deals parameters to ranks so that each has about as many numbers to update: whole ones, the largest first, to whoever has least;
 * what is larger than a rank's share is cut by rows. The same on every rank.
 *
 * @param shapes of the parameters; a scalar has one row
 * @param ranks how many there are
 * @param grain numbers of a parameter that stay together, see `Optimiser.grain`; undefined where parameters are not cut
 * @returns the parts of each parameter, by rank and by row alike
 */
export function dealParameters(
  shapes: readonly (readonly number[])[],
  ranks: number,
  grain?: number,
): ParameterPart[][] {
  const sizes = shapes.map(elementCount);
  const share = sizes.reduce((sum, size) => sum + size, 0) / ranks;
  const loads = new Array<number>(ranks).fill(0);
  const parts = shapes.map((): ParameterPart[] => []);
  const order = sizes.map((_, index) => index).sort((a, b) => sizes[b] - sizes[a] || a - b);
  for (const index of order) {
    const [rows = 1] = shapes[index];
    const cuts =
      grain !== undefined && sizes[index] > share
        ? cutsOf(rows, sizes[index] / rows, { ranks, grain })
        : [0, rows];
    const least = loads.map((_, rank) => rank).sort((a, b) => loads[a] - loads[b] || a - b);
    const chosen = least.slice(0, cuts.length - 1).sort((a, b) => a - b);
    parts[index] = chosen.map((rank, i) => ({ rank, start: cuts[i], end: cuts[i + 1] }));
    for (const { rank, start, end } of parts[index])
      loads[rank] += ((end - start) * sizes[index]) / Math.max(rows, 1);
  }
  return parts;
}

/** Where rows are cut into at most so many parts, each of a whole number of grains but for the last, which has one at least. */
function cutsOf(
  rows: number,
  rowSize: number,
  { ranks, grain }: { readonly ranks: number; readonly grain: number },
): number[] {
  const together = grain / divisor(grain, rowSize);
  const pieces = Math.floor(rows / together);
  const parts = Math.max(1, Math.min(ranks, pieces));
  const cuts = Array.from({ length: parts }, (_, part) => Math.floor((part * pieces) / parts) * together);
  return [...cuts, rows];
}
