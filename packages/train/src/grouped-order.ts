import { rowOrder } from "@lathe/kernels";

/** Rows that are ordered by length among themselves, at least; more of them mean likelier lengths and less chance. */
const GROUPED_ROWS = 4096;

/** In the place of an epoch, of which there are never so many: steps of an epoch and its rows are drawn apart. */
const STEP_ORDER = 2 ** 31;

/**
 * An epoch's order of rows, rearranged so that the rows of a step are of like length, the longest of a step first. Steps come in an
 * order that seed and epoch determine; what is left over for a last, smaller step stays at the end.
 *
 * A step has the same rows however it falls into micro-batches, so that a run may go on with smaller ones.
 *
 * @param order [rows] numbers of rows in the order of the epoch
 * @param lengths [rows] tokens of every row
 * @param stepRows rows of a step
 */
export function groupedOrder(
  order: Int32Array,
  lengths: Int32Array,
  stepRows: number,
  { epoch, seed }: { readonly epoch: number; readonly seed: number },
): Int32Array {
  const whole = order.length - (order.length % stepRows);
  const grouped = Int32Array.from(order);
  const groupRows = Math.max(1, Math.ceil(GROUPED_ROWS / stepRows)) * stepRows;
  for (let start = 0; start < whole; start += groupRows) {
    // The sort is stable: rows of one length keep their order.
    grouped.subarray(start, Math.min(start + groupRows, whole)).sort((a, b) => lengths[b] - lengths[a]);
  }
  const result = Int32Array.from(grouped);
  rowOrder(whole / stepRows, STEP_ORDER + epoch, seed, true).forEach((step, at) => {
    result.set(grouped.subarray(step * stepRows, (step + 1) * stepRows), at * stepRows);
  });
  return result;
}

/**
 * The steps of an epoch by their tokens, each of rows of like length, the longest first. Steps come in an order that seed and epoch
 * determine.
 *
 * @param order [rows] numbers of rows in the order of the epoch
 * @param lengths [rows] tokens of every row
 * @param cut makes steps of rows that follow one another
 */
export function groupedSteps(
  order: Int32Array,
  lengths: Int32Array,
  cut: (rows: Int32Array) => Int32Array[],
  { epoch, seed }: { readonly epoch: number; readonly seed: number },
): Int32Array[] {
  const steps: Int32Array[] = [];
  for (let start = 0; start < order.length; start += GROUPED_ROWS) {
    // The sort is stable: rows of one length keep their order.
    const group = order.slice(start, start + GROUPED_ROWS).sort((a, b) => lengths[b] - lengths[a]);
    steps.push(...cut(group));
  }
  return Array.from(rowOrder(steps.length, STEP_ORDER + epoch, seed, true), (at) => steps[at]);
}
