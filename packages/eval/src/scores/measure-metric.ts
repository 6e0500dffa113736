import { splitWhiteSpace, strip } from "@lathe/files";
import { bleuOfSums, bleuSignature, bleuStatistics, type BleuOptions } from "../metrics/bleu.js";
import type { BleuTokenizer } from "../metrics/bleu-tokenizer.js";
import { MetricOptionError } from "../errors.js";
import { accuracy } from "../metrics/accuracy.js";
import { chrfSignature, chrfStatistics } from "../metrics/chrf.js";
import { labelExtractor, type LabelPlace } from "../classification/label-extractor.js";
import {
  type ClassificationReport,
  LabelCounts,
  reportOfCounts,
} from "../classification/classification-report.js";
import {
  type LabelAverage,
  labelCounts,
  type LabelMeasure,
  labelStatistics,
} from "../classification/label-statistics.js";
import { cmrcExactMatch, cmrcF1 } from "../metrics/cmrc.js";
import { distinct, ngramsOf } from "../metrics/distinct.js";
import { llamaFactoryScores, type LlamaFactoryScores } from "../metrics/llama-factory.js";
import { isLabelMetric, type LabelMetricName, type MetricName } from "./metric-names.js";
import { characterSentenceBleu } from "../metrics/nltk-bleu.js";
import { sameNumericAnswer } from "../metrics/numeric-answer.js";
import { exactMatch, f1Score } from "../metrics/question-answering.js";
import {
  meanRouge,
  scoreSegments,
  type RougeKind,
  type RougeScore,
  type RougeScores,
} from "../metrics/rouge.js";
import type { ReferenceFacts } from "./reference-survey.js";
import {
  eachScore,
  meanStatistics,
  type SegmentStatistics,
  sumsOf,
} from "../significance/segment-statistics.js";
import { terSignature, terStatistics } from "../metrics/ter.js";

/** How metrics compare; each reads what concerns it. */
export interface MetricOptions extends BleuOptions {
  /** ROUGE: compare English words without their endings. @defaultValue false */
  readonly stem?: boolean;
  /** Labels of the metrics of classification. @defaultValue those of the references */
  readonly labels?: readonly string[];
  /** Where the label of a reply stands. @defaultValue "whole" */
  readonly labelPlace?: LabelPlace;
}

/** Texts to score, all or a part of them, checked, with everything decided. */
export interface MetricJob {
  readonly predictions: readonly string[];
  /** `[segment]`: at least one. */
  readonly references: readonly (readonly string[])[];
  readonly options: MetricOptions;
  /** What holds of the references of all rows. */
  readonly facts: ReferenceFacts;
  /** All kinds of ROUGE that are asked for, scored at once the first time one is needed. */
  readonly rouge: () => readonly RougeScores[];
  /** The scores of LLaMA-Factory, likewise. */
  readonly llamaFactory: () => readonly LlamaFactoryScores[];
  /** The labels of the texts, likewise. */
  readonly labels: () => FoundLabels;
}

/** Labels of texts by their places among all labels; -1 for none of them. */
interface FoundLabels {
  readonly all: readonly string[];
  /** `[segment]`: the true one, of the first reference. */
  readonly expected: readonly number[];
  /** `[segment]`: that of the prediction, found where it is declared to stand. */
  readonly said: readonly number[];
  /** What all metrics of labels follow from: the counts of each row, and those of all rows. */
  readonly counts: Uint16Array;
  readonly made: LabelsSaid;
}

/** What the number of a metric is made of, for texts that may come in parts. */
export interface MetricMakings {
  /**
   * Takes in those of the next texts by the same metric; left out where the statistics tell everything. Metrics that have makings in
   * common have them so of all texts.
   */
  readonly add?: (next: MetricMakings) => void;
  /** What to say of all texts. @param whole the statistics of all of them */
  readonly details: (whole: SegmentStatistics) => unknown;
}

/** What a metric makes of texts. */
export interface MetricMeasure {
  /** What the score, and that of any choice of segments, follows from. */
  readonly statistics: SegmentStatistics;
  /** How the score was made: references, tokenisation, smoothing, and the version whose numbers these are. */
  readonly signature: string;
  /** What the number is made of; left out where there is nothing to say. */
  readonly made?: MetricMakings;
  /**
   * The score of each segment alone, from the statistics of any of them.
   * @defaultValue that of its numbers
   */
  readonly perSegment?: (statistics: SegmentStatistics) => readonly number[];
}

/** A job that shares the costly parts between the metrics of `names`. */
export function metricJob(
  given: Omit<MetricJob, "rouge" | "llamaFactory" | "labels">,
  names: readonly MetricName[],
): MetricJob {
  const { predictions, references, options, facts } = given;
  const kinds = names.filter((name): name is MetricName & RougeKind => name.startsWith("rouge"));
  let rouge: RougeScores[] | undefined;
  let llamaFactory: LlamaFactoryScores[] | undefined;
  let labels: FoundLabels | undefined;
  return {
    ...given,
    rouge: () =>
      (rouge ??= scoreSegments<RougeKind>(predictions, references, {
        kinds,
        tokenizer: facts.language,
        stem: options.stem ?? false,
      })),
    llamaFactory: () =>
      (llamaFactory ??= predictions.map((prediction, segment) =>
        llamaFactoryScores(prediction, references[segment]),
      )),
    labels: () => (labels ??= findLabels(given)),
  };
}

function findLabels({
  predictions,
  references,
  options: { labelPlace = "whole", labels },
  facts,
}: Omit<MetricJob, "rouge" | "llamaFactory" | "labels">): FoundLabels {
  const all = labels ?? facts.labels;
  if (all.length === 0) throw new MetricOptionError("labels", "at least one label", "none");
  const extract = labelExtractor(labelPlace, all);
  const places = new Map(all.map((label, place) => [label, place]));
  const placeOf = (label: string | null): number => (label === null ? -1 : (places.get(label) ?? -1));
  const expected = references.map(([first]) => placeOf(strip(first)));
  const said = predictions.map((prediction) => placeOf(extract(prediction)));
  const pairs = new LabelCounts(all);
  said.forEach((at, row) => pairs.count(expected[row], at));
  return {
    all,
    expected,
    said,
    counts: labelCounts(expected, said, all.length),
    made: new LabelsSaid(pairs),
  };
}

/**
 * Measures one metric.
 *
 * @throws MetricOptionError when an option has an impossible value
 */
export function measureMetric(name: MetricName, job: MetricJob): MetricMeasure {
  const { options, facts } = job;
  const { language } = facts;
  const nrefs = `nrefs:${facts.referenceCount}`;
  switch (name) {
    case "bleu":
      return bleu(job, options.tokenizer ?? (language === "zh" ? "zh" : "13a"));
    case "bleu-13a":
    case "bleu-intl":
    case "bleu-zh":
    case "bleu-char":
    case "bleu-none":
      return bleu(job, name.slice("bleu-".length) as BleuTokenizer);
    case "sentence-bleu-char":
      return mean(
        job,
        `${nrefs}|case:mixed|tok:char|smooth:method3|version:nltk-3.10.3`,
        (prediction, list) => 100 * characterSentenceBleu(prediction, list),
      );
    case "chrf":
      return chrf(job, 0);
    case "chrf++":
      return chrf(job, 2);
    case "ter":
      return ter(job);
    case "rouge1":
    case "rouge2":
    case "rougeL":
    case "rougeLsum": {
      const segments = job.rouge();
      const stem = options.stem ? "porter" : "no";
      return {
        statistics: meanStatistics(segments.map((scores) => scores[name].fmeasure)),
        made: new MeanRouge(segments.length, meanRouge(segments)[name]),
        signature: `${nrefs}|tok:${language}|stem:${stem}|f:1|refs:best|version:torchmetrics-1.9.0`,
      };
    }
    case "llama-factory-bleu-4":
    case "llama-factory-rouge-1":
    case "llama-factory-rouge-2":
    case "llama-factory-rouge-l": {
      const { field, how } = llamaFactoryFields[name];
      return {
        statistics: meanStatistics(job.llamaFactory().map((scores) => scores[field])),
        signature: `${nrefs}|${how}|round:4|version:llama-factory`,
      };
    }
    case "exact-match":
      return mean(job, `${nrefs}|${answerRules(language)}`, (prediction, list) =>
        exactMatch({ prediction, references: list, language }),
      );
    case "f1":
      return mean(job, `${nrefs}|${answerRules(language)}|overlap:bag`, (prediction, list) =>
        f1Score({ prediction, references: list, language }),
      );
    case "cmrc-exact-match":
      return mean(job, `${nrefs}|norm:cmrc|version:cmrc2018-v5`, (prediction, list) =>
        cmrcExactMatch({ prediction, references: list }),
      );
    case "cmrc-f1":
      return mean(
        job,
        `${nrefs}|norm:cmrc|tok:char+nltk-3.10.3|sentences:whole|overlap:substring|version:cmrc2018-v5`,
        (prediction, list) => cmrcF1({ prediction, references: list }),
      );
    case "accuracy":
      return mean(job, `${nrefs}|norm:strip`, (prediction, list) =>
        accuracy({ predictions: [prediction], references: [list] }),
      );
    case "numeric":
      return mean(job, `${nrefs}|find:boxed,marked,last|tolerance:1e-6`, (prediction, list) =>
        list.some((reference) => sameNumericAnswer(prediction, reference)) ? 100 : 0,
      );
    case "label-accuracy":
    case "macro-precision":
    case "macro-recall":
    case "macro-f1":
    case "micro-precision":
    case "micro-recall":
    case "micro-f1":
    case "weighted-precision":
    case "weighted-recall":
    case "weighted-f1":
      return labels(name, job);
    case "distinct-1":
    case "distinct-2": {
      const order = name === "distinct-1" ? 1 : 2;
      return variety(job, order);
    }
    case "repetition":
      return {
        statistics: meanStatistics(
          job.predictions.map((text) => {
            const { total, corpus } = distinct([text], 4, language);
            return total === 0 ? 0 : 1 - corpus;
          }),
        ),
        signature: `nrefs:0|tok:${tokens(language)}|n:4|mean:texts`,
      };
    case "length-ratio":
      return lengthRatio(job, nrefs);
  }
}

/** The score of each segment alone. */
export const perSegmentOf = ({ statistics, perSegment = eachScore }: MetricMeasure): readonly number[] =>
  perSegment(statistics);

/** The mean precision, recall and F1 of texts. */
class MeanRouge implements MetricMakings {
  constructor(
    private segments: number,
    private mean: RougeScore,
  ) {}

  readonly add = (next: MetricMakings): void => {
    const { segments, mean } = next as MeanRouge;
    const all = this.segments + segments;
    const weighted = (key: keyof RougeScore): number =>
      (this.segments * this.mean[key] + segments * mean[key]) / all;
    this.mean = {
      precision: weighted("precision"),
      recall: weighted("recall"),
      fmeasure: weighted("fmeasure"),
    };
    this.segments = all;
  };

  readonly details = (): RougeScore => this.mean;
}

const llamaFactoryFields = {
  "llama-factory-bleu-4": { field: "bleu4", how: "tok:char|smooth:method3" },
  "llama-factory-rouge-1": { field: "rouge1", how: "tok:jieba|n:1|count:once" },
  "llama-factory-rouge-2": { field: "rouge2", how: "tok:jieba|n:2|count:once" },
  "llama-factory-rouge-l": { field: "rougeL", how: "tok:jieba" },
} as const;

/** Whose rules answers are compared by: SQuAD's, or for Chinese, which they do not know, our own by character. */
const answerRules = (language: "en" | "zh"): string =>
  language === "zh" ? "norm:punctuation|tok:char|lang:zh" : "norm:squad|lang:en|version:1.1";

const tokens = (language: "en" | "zh"): string => (language === "zh" ? "char" : "space");

function bleu(
  { predictions, references, options, facts }: MetricJob,
  tokenizer: BleuTokenizer,
): MetricMeasure {
  const chosen = { ...options, tokenizer };
  const statistics = bleuStatistics(predictions, references, chosen);
  const signature = bleuSignature(facts.referenceCount, chosen);
  const detailsOf = (whole: SegmentStatistics) => {
    const { score: _, ...counts } = bleuOfSums(sumsOf(whole), chosen);
    return { ...counts, signature };
  };
  return {
    statistics,
    signature,
    made: { details: detailsOf },
    perSegment: (whole) =>
      eachScore({ ...whole, score: (sums) => bleuOfSums(sums, { effectiveOrder: true, ...chosen }).score }),
  };
}

function chrf({ predictions, references, options, facts }: MetricJob, wordOrder: number): MetricMeasure {
  const chosen = { wordOrder, lowercase: options.lowercase ?? false };
  const statistics = chrfStatistics(predictions, references, chosen);
  const signature = chrfSignature(facts.referenceCount, chosen);
  const name = `chrF2${"+".repeat(wordOrder)}`;
  return { statistics, signature, made: { details: () => ({ name, signature }) } };
}

function ter({ predictions, references, facts }: MetricJob): MetricMeasure {
  // Chinese has no spaces to cut at: its characters are words.
  const chosen = facts.language === "zh" ? { normalized: true, asianSupport: true } : {};
  const statistics = terStatistics(predictions, references, chosen);
  const signature = terSignature(facts.referenceCount, chosen);
  const detailsOf = (whole: SegmentStatistics) => {
    const [edits, referenceLength] = sumsOf(whole);
    return { edits, referenceLength, signature };
  };
  return {
    statistics,
    signature,
    made: { details: detailsOf },
  };
}

function labels(name: LabelMetricName, job: MetricJob): MetricMeasure {
  const { all, expected, said, counts, made } = job.labels();
  const { labelPlace = "whole" } = job.options;
  const place = typeof labelPlace === "string" ? labelPlace : (Object.keys(labelPlace)[0] ?? "");
  const common = { signature: `nrefs:1|labels:${all.length}|label:${place}|zero:0`, made };
  if (name === "label-accuracy") {
    const right = said.map((at, row) => (at >= 0 && at === expected[row] ? 100 : 0));
    return { ...common, statistics: meanStatistics(right) };
  }
  const [average, measure] = name.split("-") as [LabelAverage, LabelMeasure];
  return {
    ...common,
    statistics: labelStatistics(counts, all.length, average, measure),
    perSegment: rightRows,
  };
}

/** The labels there are, and replies that have none of them. */
class LabelsSaid implements MetricMakings {
  constructor(readonly counts: LabelCounts) {}

  readonly add = (next: MetricMakings): void => this.counts.add((next as LabelsSaid).counts);

  readonly details = () => {
    let unparsed = 0;
    for (const { prediction, rows } of this.counts.pairs()) if (prediction < 0) unparsed += rows;
    return { labels: this.counts.labels, unparsed };
  };
}

/**
 * How well each label was told, where a metric of labels was measured; null where none was.
 *
 * @param measures what the metrics of these names made of all texts
 */
export function classificationOf(
  names: readonly string[],
  measures: readonly MetricMeasure[],
): ClassificationReport | null {
  const made = measures[names.findIndex(isLabelMetric)]?.made;
  return made instanceof LabelsSaid ? reportOfCounts(made.counts) : null;
}

/** 100 for each row whose label was found: of its counts a label, the first is 1 where it was. */
const rightRows = ({ segments, width, values }: SegmentStatistics): number[] =>
  Array.from({ length: segments }, (_, row) => {
    for (let place = row * width; place < (row + 1) * width; place += 3) if (values[place] > 0) return 100;
    return 0;
  });

/** Share of n-grams that are different: of each text, and in the details of all texts together. */
function variety({ predictions, facts: { language } }: MetricJob, order: number): MetricMeasure {
  const texts = predictions.map((text) => ngramsOf(text, order, language));
  const shares = texts.map((ngrams) => (ngrams.length === 0 ? 0 : new Set(ngrams).size / ngrams.length));
  return {
    statistics: meanStatistics(shares),
    made: new NgramsOfAll(
      new Set(texts.flat()),
      texts.reduce((sum, { length }) => sum + length, 0),
    ),
    signature: `nrefs:0|tok:${tokens(language)}|n:${order}|mean:texts`,
  };
}

/** The different n-grams of all texts, which are kept, as one text would have them. */
class NgramsOfAll implements MetricMakings {
  constructor(
    private readonly ngrams: Set<string>,
    private total: number,
  ) {}

  readonly add = (next: MetricMakings): void => {
    const { ngrams, total } = next as NgramsOfAll;
    for (const ngram of ngrams) this.ngrams.add(ngram);
    this.total += total;
  };

  readonly details = () => ({ corpus: this.total === 0 ? 0 : this.ngrams.size / this.total });
}

function lengthRatio(
  { predictions, references, facts: { language } }: MetricJob,
  nrefs: string,
): MetricMeasure {
  const lengthOf = (text: string): number => {
    const words = splitWhiteSpace(text);
    return language === "zh" ? Array.from(words.join("")).length : words.length;
  };
  const values = new Float64Array(2 * predictions.length);
  // A loop, not a function of each row: the score would keep its surroundings, the texts.
  for (const [segment, prediction] of predictions.entries()) {
    const lengths = references[segment].map(lengthOf);
    values[2 * segment] = lengthOf(prediction);
    values[2 * segment + 1] = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  }
  const statistics: SegmentStatistics = {
    segments: predictions.length,
    width: 2,
    values,
    score: ([own, expected]) => (expected === 0 ? (own === 0 ? 1 : 0) : own / expected),
  };
  return {
    statistics,
    signature: `${nrefs}|tok:${tokens(language)}|refs:mean`,
  };
}

/** A metric that is the mean of its segments' scores. */
function mean(
  { predictions, references }: MetricJob,
  signature: string,
  scoreSegment: (prediction: string, references: readonly string[]) => number,
): MetricMeasure {
  return {
    statistics: meanStatistics(
      predictions.map((prediction, segment) => scoreSegment(prediction, references[segment])),
    ),
    signature,
  };
}
