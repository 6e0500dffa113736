import { asPhrase, type OnWarning, phrase, sayPhrase } from "@lathe/files";
import type { ClassificationReport } from "../classification/classification-report.js";
import { MetricOptionError, SegmentError } from "../errors.js";
import { checkLanguage, type EvaluateTextOptions } from "./evaluate-text.js";
import { GatheredMeasures } from "./gathered-measures.js";
import {
  classificationOf,
  measureMetric,
  perSegmentOf,
  type MetricMeasure,
  metricJob,
} from "./measure-metric.js";
import { type MetricName, resolveMetricNames } from "./metric-names.js";
import { type ReferenceFacts, surveyReferences } from "./reference-survey.js";
import { type RowMetric, type RowMetricName, rowStatistics } from "./row-metric.js";
import { checkSegments, type Reference } from "./segments.js";
import { RunningScore } from "../significance/running-score.js";
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
  /** Whether `<think>` blocks of replies and references are scored. @defaultValue "strip" */
  readonly reasoning?: ReasoningRule;
  readonly bootstrap?: BootstrapOptions;
  readonly permutation?: PermutationOptions;
}

/** Name of a score: of a metric of texts, or of one that a model is needed for. */
export type ScoreName = MetricName | RowMetricName;

/** A score that says how it was made and how far it can be trusted. */
export interface SignedScore {
  /** In the unit of {@link metricTable} or {@link rowMetricTable}. */
  readonly score: number;
  readonly signature: string;
  /** The bootstrap's 95 % interval over the rows. */
  readonly interval: Interval;
}

/** The scores of one system. */
export interface SystemScores {
  readonly name: string;
  readonly scores: { readonly [metric in ScoreName]?: SignedScore };
  /** What the numbers were made of. */
  readonly details: { readonly [metric in ScoreName]?: unknown };
  /** Where a metric of labels was asked for: the confusion matrix, and how well each label was told. */
  readonly classification?: ClassificationReport;
  /** The score of each row for each metric, NaN where it has none; only with `perSegment`. */
  readonly perSegment?: { readonly [metric in ScoreName]?: readonly number[] };
  /** Where texts have `<think>` blocks: how many, and the scores of the metrics of texts under the other rule. */
  readonly reasoning?: {
    readonly texts: number;
    readonly otherRule: ReasoningRule;
    readonly scores: { readonly [metric in MetricName]?: number };
  };
}

/** How a system differs from the first in one metric. */
export interface MetricComparison {
  readonly metric: ScoreName;
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
export function compareSystems({ systems, references, ...how }: CompareSystemsRequest): SystemComparison {
  checkHow({ systems, ...how });
  if (resolveMetricNames(how.metrics).length === 0) {
    throw new MetricOptionError("metrics", asPhrase("at least one metric"), "none");
  }
  const lists = systems.map(({ predictions }) => checkSegments({ predictions, references }))[0];
  const facts = surveyReferences(lists, how.options?.language);
  const scores = new StreamedScores({ ...how, systems, facts });
  for (const [system, { predictions }] of systems.entries()) scores.add(system, predictions, lists);
  return scores.compare();
}

/** What {@link StreamedScores} is asked for: all but the texts. */
export interface StreamedScoresRequest extends Omit<CompareSystemsRequest, "systems" | "references"> {
  /** At least one; the others are compared with the first. */
  readonly systems: readonly Pick<SystemTexts, "name">[];
  /** What holds of all references. */
  readonly facts: ReferenceFacts;
}

/** @throws UnknownMetricError, MetricOptionError */
function checkHow({
  systems,
  metrics,
  options = {},
}: Pick<StreamedScoresRequest, "systems" | "metrics" | "options">): readonly MetricName[] {
  const names = resolveMetricNames(metrics);
  checkLanguage(options);
  if (systems.length === 0) throw new MetricOptionError("systems", "at least one system", "none");
  return names;
}

/** What is held of a system: numbers, not texts. */
interface ScoredSystem {
  /** Under the rule. */
  readonly measures: GatheredMeasures;
  /** `[metric]`: the sums under the other rule. */
  readonly otherSums: RunningScore[];
  /** Rows with reasoning. */
  reasoning: number;
}

/** Scores systems as their texts come, some rows at a time: what is held of a row is its numbers, not its texts. */
export class StreamedScores {
  readonly #request: StreamedScoresRequest;
  readonly #names: readonly MetricName[];
  readonly #rule: ReasoningRule;
  readonly #otherRule: ReasoningRule;
  readonly #systems: readonly ScoredSystem[];
  readonly #options: EvaluateTextOptions;

  /** @throws UnknownMetricError, MetricOptionError */
  constructor(request: StreamedScoresRequest) {
    const { options = {}, reasoning = "strip" } = request;
    this.#request = request;
    this.#names = checkHow(request);
    this.#rule = reasoning;
    this.#otherRule = reasoning === "strip" ? "keep" : "strip";
    this.#systems = request.systems.map(() => ({
      measures: new GatheredMeasures(request.facts.rows),
      otherSums: this.#names.map(() => new RunningScore()),
      reasoning: 0,
    }));
    const warned = new Set<string>();
    // What is wrong with one part is wrong with the next: it is said once.
    const onWarning: OnWarning = (warning) => {
      if (warned.size === 0) options.onWarning?.(warning);
      warned.add(sayPhrase(warning));
    };
    this.#options = options.onWarning ? { ...options, onWarning } : options;
  }

  /**
   * Takes the next rows of a system.
   * @param system its number
   * @param references those of the same rows, at least one a row
   */
  add(system: number, predictions: readonly string[], references: readonly (readonly string[])[]): void {
    if (predictions.length === 0) return;
    const scored = this.#systems[system];
    const reasoning = predictions.filter(
      (prediction, row) => hasReasoning(prediction) || references[row].some(hasReasoning),
    ).length;
    const underRule = (rule: ReasoningRule): readonly MetricMeasure[] =>
      this.#measure(
        asRuled(predictions, rule),
        references.map((texts) => asRuled(texts, rule)),
      );
    const measures = underRule(this.#rule);
    scored.measures.add(measures);
    for (const [metric, { statistics }] of (reasoning === 0
      ? measures
      : underRule(this.#otherRule)
    ).entries()) {
      scored.otherSums[metric].add(statistics);
    }
    scored.reasoning += reasoning;
  }

  /** Rows of a system that have a block of reasoning. */
  reasoningOf(system: number): number {
    return this.#systems[system].reasoning;
  }

  /**
   * The scores of all rows that came.
   * @param rowMetrics metrics whose rows were scored elsewhere, each for every system
   * @throws SegmentError when a system does not have as many rows as there are references
   */
  compare(rowMetrics: readonly RowMetric[] = []): SystemComparison {
    const { systems, facts, bootstrap = {}, permutation = {} } = this.#request;
    const names: readonly ScoreName[] = [...this.#names, ...rowMetrics.map(({ name }) => name)];
    if (names.length === 0) throw new MetricOptionError("metrics", asPhrase("at least one metric"), "none");
    const scored = this.#systems.map(({ measures }, system) => [
      ...this.#whole(measures),
      ...rowMetrics.map((metric) => this.#rowMeasure(metric, system)),
    ]);
    const resampled = bootstrapScores(
      scored.flat().map(({ statistics }) => statistics),
      bootstrap,
    );
    const resampledOf = (system: number, metric: number) => resampled[system * names.length + metric];
    return {
      segments: facts.rows,
      language: facts.language,
      reasoning: this.#rule,
      systems: systems.map(({ name }, system) =>
        this.#systemScores(name, names, scored[system], this.#systems[system], (metric) =>
          percentileInterval(known(resampledOf(system, metric))),
        ),
      ),
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
            interval: percentileInterval(known(differences)),
            pValue,
            exact,
            bootstrapPValue: bootstrapPValue(known(differences), difference),
          };
        }),
      ),
    };
  }

  #systemScores(
    name: string,
    names: readonly ScoreName[],
    measures: readonly MetricMeasure[],
    { reasoning: texts, otherSums }: ScoredSystem,
    intervalOf: (metric: number) => Interval,
  ): SystemScores {
    const classification = classificationOf(names, measures);
    const otherScores = (): Record<string, number> =>
      Object.fromEntries(this.#names.map((one, metric) => [one, otherSums[metric].score]));
    return {
      name,
      scores: byName(names, (_, metric) => ({
        score: scoreOf(measures[metric].statistics),
        signature: signatureOf(measures[metric], texts, this.#rule),
        interval: intervalOf(metric),
      })),
      details: byName(
        names.filter((_, metric) => measures[metric].made !== undefined),
        (metric) => {
          const { made, statistics } = measures[names.indexOf(metric)];
          return made?.details(statistics);
        },
      ),
      ...(classification === null ? {} : { classification }),
      ...(this.#options.perSegment
        ? { perSegment: byName(names, (_, metric) => perSegmentOf(measures[metric])) }
        : {}),
      ...(texts === 0 ? {} : { reasoning: { texts, otherRule: this.#otherRule, scores: otherScores() } }),
    };
  }

  #measure(
    predictions: readonly string[],
    references: readonly (readonly string[])[],
  ): readonly MetricMeasure[] {
    const job = metricJob(
      { predictions, references, options: this.#options, facts: this.#request.facts },
      this.#names,
    );
    return this.#names.map((name) => measureMetric(name, job));
  }

  /** @throws SegmentError where it was not scored for every row */
  #rowMeasure({ scores, signature, details }: RowMetric, system: number): MetricMeasure {
    const ofSystem = scores[system];
    this.#checkCount(ofSystem.length);
    const detail = details[system];
    return {
      statistics: rowStatistics(ofSystem),
      signature,
      ...(detail === null || detail === undefined ? {} : { made: { details: () => detail } }),
    };
  }

  #checkCount(count: number): void {
    const { rows } = this.#request.facts;
    if (count === rows && rows > 0) return;
    const sentence = phrase`expected one prediction for each reference, got ${count} predictions and ${rows} references`;
    throw new SegmentError(sentence, count, rows);
  }

  /** @throws SegmentError where there are not as many rows as there are references */
  #whole(measures: GatheredMeasures): readonly MetricMeasure[] {
    this.#checkCount(this.#names.length === 0 ? this.#request.facts.rows : measures.segments);
    return measures.whole();
  }
}

/** Texts as they are scored under a rule. */
export const asRuled = (texts: readonly string[], rule: ReasoningRule): readonly string[] =>
  rule === "strip" ? texts.map(stripReasoning) : texts;

const signatureOf = ({ signature }: MetricMeasure, texts: number, rule: ReasoningRule): string =>
  texts === 0 ? signature : `${signature}|think:${rule}`;

/** Without the resamples that have no row with a score. */
const known = (scores: Float64Array): Float64Array => scores.filter((score) => !Number.isNaN(score));

function byName<Value>(
  names: readonly ScoreName[],
  valueOf: (name: ScoreName, index: number) => Value,
): { readonly [metric in ScoreName]?: Value } {
  return Object.fromEntries(names.map((name, index) => [name, valueOf(name, index)]));
}
