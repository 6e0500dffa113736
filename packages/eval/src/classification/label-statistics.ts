import type { SegmentStatistics } from "../significance/segment-statistics.js";

/** A mean over labels: every label the same, all rows together, or labels weighted by their rows. */
export type LabelAverage = "macro" | "micro" | "weighted";

/** Of the rows that are said to have a label, or that have it, how many are told right; or both as one number. */
export type LabelMeasure = "precision" | "recall" | "f1";

/**
 * Counts of each row, three of each label: predicted and right, predicted, true.
 *
 * @param references `[row]`: place of the true label, -1 for none of the labels
 * @param predictions `[row]`: place of the predicted label, -1 for none
 * @param labels how many there are
 */
export function labelCounts(
  references: readonly number[],
  predictions: readonly number[],
  labels: number,
): Uint16Array {
  const width = 3 * labels;
  const counts = new Uint16Array(references.length * width);
  references.forEach((reference, row) => {
    const prediction = predictions[row];
    const start = row * width;
    if (reference >= 0 && reference === prediction) counts[start + 3 * reference]++;
    if (prediction >= 0) counts[start + 3 * prediction + 1]++;
    if (reference >= 0) counts[start + 3 * reference + 2]++;
  });
  return counts;
}

/**
 * A measure of an average, from 0 to 100, which follows from the sums of the rows' counts.
 *
 * @param counts of {@link labelCounts}, which all measures have in common
 * @param labels how many there are, at least one
 */
export function labelStatistics(
  counts: Uint16Array,
  labels: number,
  average: LabelAverage,
  measure: LabelMeasure,
): SegmentStatistics {
  const width = 3 * labels;
  return {
    segments: counts.length / width,
    width,
    values: counts,
    score: (sums) => 100 * averageOf(sums, labels, average, measure),
  };
}

function averageOf(sums: Float64Array, labels: number, average: LabelAverage, measure: LabelMeasure): number {
  const all = [0, 0, 0];
  let sum = 0;
  let weights = 0;
  for (let label = 0; label < labels; label++) {
    const [right, predicted, rows] = sums.subarray(3 * label, 3 * label + 3);
    const weight = average === "weighted" ? rows : 1;
    sum += weight * shareOf(right, predicted, rows, measure);
    weights += weight;
    all[0] += right;
    all[1] += predicted;
    all[2] += rows;
  }
  if (average === "micro") return shareOf(all[0], all[1], all[2], measure);
  return weights === 0 ? 0 : sum / weights;
}

/** Nothing of nothing is 0. */
function shareOf(right: number, predicted: number, rows: number, measure: LabelMeasure): number {
  const whole = measure === "precision" ? predicted : measure === "recall" ? rows : (predicted + rows) / 2;
  return whole === 0 ? 0 : right / whole;
}
