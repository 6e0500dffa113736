import { phrase } from "@lathe/files";
import type { LabelAverage, LabelMeasure } from "../classification/label-statistics.js";
import { MetricOptionError, UnknownMetricError } from "../errors.js";
import { rowMetricTable } from "./row-metric.js";

/** What a metric measures and in which unit. */
export interface MetricDescription {
  /** A line for help texts. */
  readonly summary: string;
  /**
   * `points` run from 0 to 100 (TER further), `fraction` from 0 to 1: what the metric's reference implementation prints. A
   * `ratio` is 1 where both are equal.
   */
  readonly unit: "points" | "fraction" | "ratio";
}

/** Every metric that {@link evaluateText} knows. */
export const metricTable = {
  bleu: {
    summary: "corpus BLEU; tokeniser 13a, or zh for Chinese, unless one is given",
    unit: "points",
  },
  "bleu-13a": { summary: "corpus BLEU with mteval-v13a's tokeniser", unit: "points" },
  "bleu-intl": { summary: "corpus BLEU, Unicode punctuation and symbols apart", unit: "points" },
  "bleu-zh": { summary: "corpus BLEU, Chinese characters apart", unit: "points" },
  "bleu-char": { summary: "corpus BLEU by character", unit: "points" },
  "bleu-none": { summary: "corpus BLEU of words as white space divides them", unit: "points" },
  "sentence-bleu-char": {
    summary: "mean of the sentences' BLEU by character, as NLTK computes it with smoothing method 3",
    unit: "points",
  },
  chrf: { summary: "corpus chrF2: character n-grams up to 6", unit: "points" },
  "chrf++": { summary: "corpus chrF2++: characters, and words up to 2", unit: "points" },
  rouge1: { summary: "ROUGE-1, F1 of words (Chinese: of characters)", unit: "fraction" },
  rouge2: { summary: "ROUGE-2, F1 of pairs of words", unit: "fraction" },
  rougeL: { summary: "ROUGE-L, F1 of the longest common subsequence", unit: "fraction" },
  rougeLsum: { summary: "ROUGE-L by line", unit: "fraction" },
  "exact-match": { summary: "equal after SQuAD's normalisation", unit: "points" },
  f1: { summary: "F1 of words after SQuAD's normalisation (Chinese: of characters)", unit: "points" },
  "cmrc-exact-match": { summary: "equal by the rules of CMRC 2018", unit: "points" },
  "cmrc-f1": {
    summary: "F1 of the longest common stretch of characters and words, by the rules of CMRC 2018",
    unit: "points",
  },
  accuracy: { summary: "equal but for white space at the ends", unit: "fraction" },
  ter: { summary: "translation edit rate (Chinese: of characters); 0 is best", unit: "points" },
  numeric: {
    summary: "the same number as answer, wherever it stands: boxed, after ####, last",
    unit: "points",
  },
  "label-accuracy": { summary: "the right label, found where labelPlace says", unit: "points" },
  "macro-precision": { summary: "precision of labels, every label the same", unit: "points" },
  "macro-recall": { summary: "recall of labels, every label the same", unit: "points" },
  "macro-f1": { summary: "F1 of labels, every label the same", unit: "points" },
  "micro-precision": { summary: "precision of labels, all rows together", unit: "points" },
  "micro-recall": { summary: "recall of labels, all rows together", unit: "points" },
  "micro-f1": { summary: "F1 of labels, all rows together", unit: "points" },
  "weighted-precision": { summary: "precision of labels, weighted by their rows", unit: "points" },
  "weighted-recall": { summary: "recall of labels, weighted by their rows", unit: "points" },
  "weighted-f1": { summary: "F1 of labels, weighted by their rows", unit: "points" },
  "llama-factory-bleu-4": { summary: "BLEU-4 as LLaMA-Factory reports it", unit: "points" },
  "llama-factory-rouge-1": {
    summary: "ROUGE-1 as LLaMA-Factory reports it, over jieba's words",
    unit: "points",
  },
  "llama-factory-rouge-2": { summary: "ROUGE-2 as LLaMA-Factory reports it", unit: "points" },
  "llama-factory-rouge-l": { summary: "ROUGE-L as LLaMA-Factory reports it", unit: "points" },
  "distinct-1": { summary: "share of words that are different (Chinese: of characters)", unit: "fraction" },
  "distinct-2": { summary: "share of pairs of words that are different", unit: "fraction" },
  repetition: { summary: "share of 4-grams that a text has had before", unit: "fraction" },
  "length-ratio": { summary: "length of the predictions over that of the references", unit: "ratio" },
} as const satisfies Readonly<Record<string, MetricDescription>>;

/** Name of a metric. */
export type MetricName = keyof typeof metricTable;

/** Name of a metric of labels. */
export type LabelMetricName = "label-accuracy" | `${LabelAverage}-${LabelMeasure}`;

/** Whether a metric is one of labels. */
export const isLabelMetric = (name: string): name is LabelMetricName =>
  name === "label-accuracy" || /^(?:macro|micro|weighted)-(?:precision|recall|f1)$/u.test(name);

/** The names of all metrics. */
export const metricNames = Object.keys(metricTable) as readonly MetricName[];

// Names that stand for others: a group, and spellings in wide use.
const aliases: ReadonlyMap<string, readonly MetricName[]> = new Map<string, readonly MetricName[]>([
  ["rouge", ["rouge1", "rouge2", "rougeL"]],
  ["rouge-1", ["rouge1"]],
  ["rouge-2", ["rouge2"]],
  ["rouge-l", ["rougeL"]],
  ["rouge-lsum", ["rougeLsum"]],
  ["em", ["exact-match"]],
  ["cmrc", ["cmrc-exact-match", "cmrc-f1"]],
  ["distinct", ["distinct-1", "distinct-2"]],
  ["classification", metricNames.filter(isLabelMetric)],
  [
    "llama-factory",
    ["llama-factory-bleu-4", "llama-factory-rouge-1", "llama-factory-rouge-2", "llama-factory-rouge-l"],
  ],
  ["chrfpp", ["chrf++"]],
]);

/**
 * The metrics that names stand for, each once, in the order they were named. Case does not matter, nor does `_`
 * for `-`.
 *
 * @throws UnknownMetricError; MetricOptionError for one of {@link rowMetricTable}
 */
export function resolveMetricNames(names: readonly string[]): MetricName[] {
  const resolved = names.flatMap((name): readonly MetricName[] => {
    const plain = name.trim().toLowerCase().replaceAll("_", "-");
    const metric = metricNames.find((known) => known.toLowerCase() === plain);
    if (metric !== undefined) return [metric];
    const group = aliases.get(plain);
    if (group !== undefined) return group;
    if (Object.hasOwn(rowMetricTable, plain)) {
      throw new MetricOptionError("metrics", phrase`metrics of texts, where no model is needed`, name);
    }
    const groups = [...aliases].flatMap(([group, { length }]) => (length > 1 ? [group] : []));
    const known = [...metricNames, ...Object.keys(rowMetricTable), ...groups];
    throw new UnknownMetricError(name, nearest(plain, known), known);
  });
  return [...new Set(resolved)];
}

function nearest(name: string, known: readonly string[]): string {
  const distances = known.map((candidate) => editDistance(name, candidate.toLowerCase()));
  return known[distances.indexOf(Math.min(...distances))];
}

/** Levenshtein distance: the fewest characters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column] + 1, current[column - 1] + 1));
    }
    previous = current;
  }
  return previous[b.length];
}
