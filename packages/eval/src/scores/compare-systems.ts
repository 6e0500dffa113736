import { MetricOptionError } from "../errors.js";
import { checkMetrics, languageOf, type EvaluateTextOptions } from "./evaluate-text.js";
import { measureMetric, type MetricMeasure, metricJob } from "./measure-metric.js";
import type { MetricName } from "./metric-names.js";
import { checkSegments, type Reference } from "./segments.js";
import {
  bootstrapPValue,
  bootstrapScores,
  type BootstrapOptions,
  type Interval,
  percentileInterval,
} from "../significance/bootstrap.js";
import { pairedPermutationTest, type PermutationOptions } from "../significance/paired-permutation-test.js";
import { scoreOf } from "../significance/segment-statistics.js";
import { hasReasoning, stripReasoning } from "./strip-reasoning.js";

/** What becomes of the reasoning of R1 models before a text is scored. */
export const reasoningRules = ["strip", "keep"] as const;

/** Name of a rule. */
export type ReasoningRule = (typeof reasoningRules)[number];

/** What one system replied, a text a row. */
export interface SystemTexts {
  readonly name: string;
  readonly predictions: readonly string[];
}

/** What {@link compareSystems} is asked for. */
export interface CompareSystemsRequest {
  /** At least one; the others are compared with the first. */
  readonly systems: readonly SystemTexts[];
  /** `references[row]` belongs to row `row` of every system. */
  readonly references: readonly Reference[];
  /** Names of metrics, spelled with any case, `-` or `_`. */
  readonly metrics: readonly string[];
  readonly options?: EvaluateTextOptions;
  /** Whether `<think>` blocks are scored. @defaultValue "strip" */
  readonly reasoning?: ReasoningRule;
  readonly bootstrap?: BootstrapOptions;
  readonly permutation?: PermutationOptions;
}

/** A score that says how it was made and how far it can be trusted. */
export interface SignedScore {
  /** In the unit of {@link metricTable}. */
  readonly score: number;
  readonly signature: string;
  /** The bootstrap's 95 % interval over the rows. */
  readonly interval: Interval;
}

/** The scores of one system. */
export interface SystemScores {
  readonly name: string;
  readonly scores: { readonly [metric in MetricName]?: SignedScore };
  /** What the numbers were made of. */
  readonly details: { readonly [metric in MetricName]?: unknown };
  /** The score of each row for each metric; only with `perSegment`. */
  readonly perSegment?: { readonly [metric in MetricName]?: readonly number[] };
  /** Where texts have `<think>` blocks: how many, and the scores under the other rule. */
  readonly reasoning?: {
    readonly texts: number;
    readonly otherRule: ReasoningRule;
    readonly scores: { readonly [metric in MetricName]?: number };
  };
}

/** How a system differs from the first in one metric. */
export interface MetricComparison {
  readonly metric: MetricName;
  /** The first system, and the one that is compared with it. */
  readonly systems: readonly [string, string];
  /** The score of the second less that of the first. */
  readonly difference: number;
  /** The paired bootstrap's 95 % interval of the difference. */
  readonly interval: Interval;
  /** Of the paired permutation test, two-sided. */
  readonly pValue: number;
  /** Whether all arrangements were looked at; else a sample. */
  readonly exact: boolean;
  /** Of the paired bootstrap, two-sided. */
  readonly bootstrapPValue: number;
}

/** Scores of systems on the same rows: plain data, fit for JSON. */
export interface SystemComparison {
  readonly segments: number;
  readonly language: "en" | "zh";
  readonly reasoning: ReasoningRule;
  readonly systems: readonly SystemScores[];
  readonly comparisons: readonly MetricComparison[];
}

/**
 * Scores systems on the same rows: with signatures, bootstrap intervals, and tests of how each differs from the first.
 *
 * @throws UnknownMetricError for a name that is not there, with the nearest that is
 * @throws SegmentError when predictions and references do not belong together
 * @throws MetricOptionError when an option has an impossible value
 */
export function compareSystems({
  systems,
  references,
  metrics,
  options = {},
  reasoning = "strip",
  bootstrap = {},
  permutation = {},
}: CompareSystemsRequest): SystemComparison {
  const names = checkMetrics(metrics);
  if (systems.length === 0) throw new MetricOptionError("systems", "at least one system", "none");
  const lists = systems.map(({ predictions }) => checkSegments({ predictions, references }))[0];
  const language = languageOf(lists, options.language);
  const measure = (predictions: readonly string[]): readonly MetricMeasure[] => {
    const job = metricJob({ predictions, references: lists, options, language }, names);
    return names.map((name) => measureMetric(name, job));
  };
  const scored = systems.map(({ predictions }) => measure(asRuled(predictions, reasoning)));
  const resampled = bootstrapScores(
    scored.flat().map(({ statistics }) => statistics),
    bootstrap,
  );
  const resampledOf = (system: number, metric: number) => resampled[system * names.length + metric];

  return {
    segments: references.length,
    language,
    reasoning,
    systems: systems.map(({ name, predictions }, system) => {
      const measures = scored[system];
      const texts = predictions.filter(hasReasoning).length;
      const otherRule = reasoning === "strip" ? "keep" : "strip";
      return {
        name,
        scores: byName(names, (_, metric) => ({
          score: scoreOf(measures[metric].statistics),
          signature: signatureOf(measures[metric], texts, reasoning),
          interval: percentileInterval(resampledOf(system, metric)),
        })),
        details: byName(
          names.filter((_, metric) => measures[metric].details !== undefined),
          (metric) => measures[names.indexOf(metric)].details,
        ),
        ...(options.perSegment
          ? { perSegment: byName(names, (_, metric) => measures[metric].perSegment()) }
          : {}),
        ...(texts === 0
          ? {}
          : { reasoning: { texts, otherRule, scores: otherScores(predictions, otherRule) } }),
      };
    }),
    comparisons: systems.slice(1).flatMap(({ name }, place) =>
      names.map((metric, index) => {
        const [first, second] = [scored[0][index].statistics, scored[place + 1][index].statistics];
        const { difference, pValue, exact } = pairedPermutationTest(second, first, permutation);
        const base = resampledOf(0, index);
        const differences = resampledOf(place + 1, index).map((score, resample) => score - base[resample]);
        return {
          metric,
          systems: [systems[0].name, name] as const,
          difference,
          interval: percentileInterval(differences),
          pValue,
          exact,
          bootstrapPValue: bootstrapPValue(differences, difference),
        };
      }),
    ),
  };

  function otherScores(
    predictions: readonly string[],
    rule: ReasoningRule,
  ): { readonly [metric in MetricName]?: number } {
    const measures = measure(asRuled(predictions, rule));
    return byName(names, (_, metric) => scoreOf(measures[metric].statistics));
  }
}

const asRuled = (predictions: readonly string[], rule: ReasoningRule): readonly string[] =>
  rule === "strip" ? predictions.map(stripReasoning) : predictions;

const signatureOf = ({ signature }: MetricMeasure, texts: number, rule: ReasoningRule): string =>
  texts === 0 ? signature : `${signature}|think:${rule}`;

function byName<Value>(
  names: readonly MetricName[],
  valueOf: (name: MetricName, index: number) => Value,
): { readonly [metric in MetricName]?: Value } {
  return Object.fromEntries(names.map((name, index) => [name, valueOf(name, index)]));
}
