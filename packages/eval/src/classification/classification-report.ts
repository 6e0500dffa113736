import { phrase } from "@lathe/files";
import { MetricOptionError } from "../errors.js";

/** Precision, recall and F1, between 0 and 1. */
export interface PrecisionRecall {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** How well one label is told. */
export interface LabelScore extends PrecisionRecall {
  readonly label: string;
  /** Rows whose true label it is. */
  readonly support: number;
}

/** How well labels are told, as scikit-learn's `classification_report` with all labels declared. */
export interface ClassificationReport {
  /** Share of rows predicted exactly; what is none of the labels counts as wrong. */
  readonly accuracy: number;
  /** `[true][predicted]`: rows, in the order of the labels; predictions that are none of them are in no column. */
  readonly confusion: readonly (readonly number[])[];
  readonly labels: readonly LabelScore[];
  /** Mean over all labels, absent ones included; F1 is the mean of F1. */
  readonly macro: PrecisionRecall;
  /** From the counts of all labels together. */
  readonly micro: PrecisionRecall;
  /** Mean over the labels, weighted by support. */
  readonly weighted: PrecisionRecall;
}

/** True labels and predicted ones. */
export interface ClassificationRequest {
  /** The label of each row. */
  readonly references: readonly string[];
  /** What was predicted; null, or any text that is no label, is wrong. */
  readonly predictions: readonly (string | null)[];
  /** All labels, in the order of the confusion matrix. @defaultValue the true ones, sorted */
  readonly labels?: readonly string[];
  /** What a precision without predictions, or a recall without rows, is. @defaultValue 0 */
  readonly zeroDivision?: 0 | 1;
}

/** How often each label was given where each is true; none of the labels stands behind the last. */
export class LabelCounts {
  /** By the places of both: few of all pairs occur where labels are many. */
  readonly #rows = new Map<number, number>();

  constructor(readonly labels: readonly string[]) {}

  /**
   * Counts a row.
   * @param reference place of its true label, -1 for none of the labels
   * @param prediction place of the predicted one, likewise
   */
  count(reference: number, prediction: number, rows = 1): void {
    const width = this.labels.length + 1;
    const placeOf = (label: number): number => (label < 0 ? width - 1 : label);
    const pair = placeOf(reference) * width + placeOf(prediction);
    this.#rows.set(pair, (this.#rows.get(pair) ?? 0) + rows);
  }

  /** Takes in the counts of other rows, of the same labels. */
  add(other: LabelCounts): void {
    for (const { reference, prediction, rows } of other.pairs()) this.count(reference, prediction, rows);
  }

  /** The pairs that occur, -1 for none of the labels. */
  *pairs(): Generator<{ readonly reference: number; readonly prediction: number; readonly rows: number }> {
    const width = this.labels.length + 1;
    const labelOf = (place: number): number => (place === width - 1 ? -1 : place);
    for (const [pair, rows] of this.#rows) {
      yield { reference: labelOf(Math.floor(pair / width)), prediction: labelOf(pair % width), rows };
    }
  }
}

interface Counts {
  right: number;
  predicted: number;
  support: number;
}

/**
 * Accuracy, confusion matrix, precision, recall and F1.
 *
 * @throws MetricOptionError when the lists differ in length or are empty, or labels come twice or not at all
 */
export function classificationReport({
  references,
  predictions,
  labels = [...new Set(references)].sort(),
  zeroDivision = 0,
}: ClassificationRequest): ClassificationReport {
  if (predictions.length !== references.length || references.length === 0) {
    const expected = phrase`as many predictions as references (${references.length}), at least one`;
    throw new MetricOptionError("predictions", expected, predictions.length);
  }
  const places = new Map(labels.map((label, place) => [label, place]));
  if (labels.length === 0 || places.size !== labels.length) {
    throw new MetricOptionError("labels", "at least one label, each once", labels.join(", "));
  }
  const rows = new LabelCounts(labels);
  const placeOf = (label: string | null): number => (label === null ? -1 : (places.get(label) ?? -1));
  references.forEach((reference, row) => rows.count(placeOf(reference), placeOf(predictions[row])));
  // One that is predicted exactly counts as right also where it is none of the labels.
  const correct = references.filter((reference, row) => reference === predictions[row]).length;
  return { ...reportOfCounts(rows, zeroDivision), accuracy: correct / references.length };
}

/** The report of rows that were counted: what is true and none of the labels is wrong. */
export function reportOfCounts(rows: LabelCounts, zeroDivision: 0 | 1 = 0): ClassificationReport {
  const { labels } = rows;
  const confusion = labels.map(() => new Array<number>(labels.length).fill(0));
  const counts = labels.map((): Counts => ({ right: 0, predicted: 0, support: 0 }));
  let [correct, all] = [0, 0];
  for (const { reference, prediction, rows: number } of rows.pairs()) {
    all += number;
    if (reference >= 0) counts[reference].support += number;
    if (prediction >= 0) counts[prediction].predicted += number;
    if (reference < 0 || prediction < 0) continue;
    confusion[reference][prediction] += number;
    if (reference !== prediction) continue;
    counts[reference].right += number;
    correct += number;
  }
  const scores = counts.map((of) => scoreOf(of, zeroDivision));
  const support = counts.map((of) => of.support);
  const together = counts.reduce((sum, { right, predicted, support: rows }) => ({
    right: sum.right + right,
    predicted: sum.predicted + predicted,
    support: sum.support + rows,
  }));
  return {
    accuracy: correct / all,
    confusion,
    labels: labels.map((label, place) => ({ label, ...scores[place], support: support[place] })),
    macro: average(
      scores,
      labels.map(() => 1),
      zeroDivision,
    ),
    micro: scoreOf(together, zeroDivision),
    weighted: average(scores, support, zeroDivision),
  };
}

function scoreOf({ right, predicted, support }: Counts, zeroDivision: number): PrecisionRecall {
  const share = (part: number, whole: number): number => (whole === 0 ? zeroDivision : part / whole);
  return {
    precision: share(right, predicted),
    recall: share(right, support),
    f1: share(2 * right, predicted + support),
  };
}

function average(
  scores: readonly PrecisionRecall[],
  weights: readonly number[],
  zeroDivision: number,
): PrecisionRecall {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (field: keyof PrecisionRecall): number =>
    total === 0
      ? zeroDivision
      : scores.reduce((sum, score, place) => sum + weights[place] * score[field], 0) / total;
  return { precision: mean("precision"), recall: mean("recall"), f1: mean("f1") };
}
