import type { ClassificationReport } from "../classification/classification-report.js";
import { MetricOptionError } from "../errors.js";
import {
  classificationOf,
  measureMetric,
  metricJob,
  type MetricOptions,
  perSegmentOf,
} from "./measure-metric.js";
import { resolveMetricNames, type MetricName } from "./metric-names.js";
import { surveyReferences } from "./reference-survey.js";
import { checkChoice, checkSegments, type Segments } from "./segments.js";
import { scoreOf } from "../significance/segment-statistics.js";

/** How {@link evaluateText} scores; each metric reads the options that concern it. */
export interface EvaluateTextOptions extends MetricOptions {
  /**
   * Whose rules divide the texts. `"auto"` looks at the references: Chinese if a fifth of their letters are Han
   * characters, else `"en"`. It decides the tokeniser of `bleu` (`13a` or `zh`) unless `tokenizer` is given, of
   * TER and ROUGE, and of exact match and F1. @defaultValue "auto"
   */
  readonly language?: "auto" | "en" | "zh";
  /** Also give the score of each segment. @defaultValue false */
  readonly perSegment?: boolean;
}

/** Scores and how they were made: plain data, fit for JSON. */
export interface TextScores {
  /** How many predictions were scored. */
  readonly segments: number;
  /** Whose rules were used. */
  readonly language: "en" | "zh";
  /** A number for each metric, in the unit of {@link metricTable}. */
  readonly scores: { readonly [metric in MetricName]?: number };
  /** What the numbers were made of: counts of BLEU, precision and recall of ROUGE, labels of classification. */
  readonly details: { readonly [metric in MetricName]?: unknown };
  /** Where a metric of labels was asked for: the confusion matrix, and how well each label was told. */
  readonly classification?: ClassificationReport;
  /** The score of each segment for each metric, in the order of the predictions; only with `perSegment`. */
  readonly perSegment?: { readonly [metric in MetricName]?: readonly number[] };
}

/** What {@link evaluateText} is asked for. */
export interface EvaluateTextRequest extends Segments {
  /** Names of {@link metricNames}, or of a group such as `rouge`; spelled with any case, `-` or `_`. */
  readonly metrics: readonly string[];
  readonly options?: EvaluateTextOptions;
}

/**
 * Scores predictions against references with metrics chosen by name.
 *
 * @throws UnknownMetricError for a name that is not there, with the nearest that is
 * @throws SegmentError when predictions and references do not belong together
 * @throws MetricOptionError when an option has an impossible value
 */
export function evaluateText({
  predictions,
  references,
  metrics,
  options = {},
}: EvaluateTextRequest): TextScores {
  const names = checkMetrics(metrics);
  const lists = checkSegments({ predictions, references });
  checkLanguage(options);
  const facts = surveyReferences(lists, options.language);
  const job = metricJob({ predictions, references: lists, options, facts }, names);
  const measures = names.map((name) => [name, measureMetric(name, job)] as const);
  const classification = classificationOf(
    names,
    measures.map(([, measure]) => measure),
  );
  return {
    segments: predictions.length,
    language: facts.language,
    scores: Object.fromEntries(measures.map(([name, { statistics }]) => [name, scoreOf(statistics)])),
    details: Object.fromEntries(
      measures.flatMap(([name, { made, statistics }]) => (made ? [[name, made.details(statistics)]] : [])),
    ),
    ...(classification === null ? {} : { classification }),
    ...(options.perSegment
      ? { perSegment: Object.fromEntries(measures.map(([name, measure]) => [name, perSegmentOf(measure)])) }
      : {}),
  };
}

/** @throws UnknownMetricError, MetricOptionError when there is none */
export function checkMetrics(metrics: readonly string[]): readonly MetricName[] {
  const names = resolveMetricNames(metrics);
  if (names.length === 0) throw new MetricOptionError("metrics", "at least one metric", "none");
  return names;
}

/** @throws MetricOptionError for a language that there are no rules of */
export function checkLanguage({ language = "auto" }: EvaluateTextOptions): void {
  checkChoice("language", language, ["auto", "en", "zh"]);
}
