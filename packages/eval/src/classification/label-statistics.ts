import type { SegmentStatistics } from "../significance/segment-statistics.js";

/** A mean over labels: every label the same, all rows together, or labels weighted by their rows. */
export type LabelAverage = "macro" | "micro" | "weighted";

/**
 * Counts of each row, one of each label: predicted and right, predicted, true. F1 of an average follows from their sums.
 *
 * @param references `[row]`: place of the true label, -1 for none of the labels
 * @param predictions `[row]`: place of the predicted label, -1 for none
 * @param labels how many there are
 */
export function labelStatistics(
  references: readonly number[],
  predictions: readonly number[],
  labels: number,
  average: LabelAverage,
): SegmentStatistics {
  const width = 3 * labels;
  const values = new Float64Array(references.length * width);
  references.forEach((reference, row) => {
    const prediction = predictions[row];
    const start = row * width;
    if (reference >= 0 && reference === prediction) values[start + 3 * reference]++;
    if (prediction >= 0) values[start + 3 * prediction + 1]++;
    if (reference >= 0) values[start + 3 * reference + 2]++;
  });
  return { segments: references.length, width, values, score: (sums) => 100 * f1Of(sums, labels, average) };
}

function f1Of(sums: Float64Array, labels: number, average: LabelAverage): number {
  let f1Sum = 0;
  let weights = 0;
  let right = 0;
  let claims = 0; // predicted and true together
  for (let label = 0; label < labels; label++) {
    const [hits, predicted, rows] = sums.subarray(3 * label, 3 * label + 3);
    const weight = average === "weighted" ? rows : 1;
    if (predicted + rows > 0) f1Sum += (weight * 2 * hits) / (predicted + rows);
    weights += weight;
    right += hits;
    claims += predicted + rows;
  }
  if (average === "micro") return claims === 0 ? 0 : (2 * right) / claims;
  return weights === 0 ? 0 : f1Sum / weights;
}
