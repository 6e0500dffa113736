import { splitWhiteSpace, strip } from "@lathe/files";
import { bleuOfSums, bleuSignature, bleuStatistics, type BleuOptions } from "../metrics/bleu.js";
import type { BleuTokenizer } from "../metrics/bleu-tokenizer.js";
import { accuracy } from "../metrics/accuracy.js";
import { chrfSignature, chrfStatistics } from "../metrics/chrf.js";
import { labelExtractor, type LabelPlace } from "../classification/label-extractor.js";
import { type LabelAverage, labelStatistics } from "../classification/label-statistics.js";
import { distinct, ngramsOf } from "../metrics/distinct.js";
import { llamaFactoryScores, type LlamaFactoryScores } from "../metrics/llama-factory.js";
import type { MetricName } from "./metric-names.js";
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
  joinStatistics,
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
}

/** What a metric makes of texts. */
export interface MetricMeasure {
  /** What the score, and that of any choice of segments, follows from. */
  readonly statistics: SegmentStatistics;
  /** How the score was made: references, tokenisation, smoothing, and the version whose numbers these are. */
  readonly signature: string;
  /** What the number was made of. */
  readonly details?: unknown;
  /** The same of all rows, from the measures of their parts, this one among them; its own details where it is left out. */
  readonly joinDetails?: (parts: readonly MetricMeasure[]) => unknown;
  /**
   * The score of each segment alone, from the statistics of any of them.
   * @defaultValue that of its numbers
   */
  readonly perSegment?: (statistics: SegmentStatistics) => readonly number[];
}

/** A job that shares the costly parts between the metrics of `names`. */
export function metricJob(
  given: Omit<MetricJob, "rouge" | "llamaFactory">,
  names: readonly MetricName[],
): MetricJob {
  const { predictions, references, options, facts } = given;
  const kinds = names.filter((name): name is MetricName & RougeKind => name.startsWith("rouge"));
  let rouge: RougeScores[] | undefined;
  let llamaFactory: LlamaFactoryScores[] | undefined;
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
        details: meanRouge(segments)[name],
        joinDetails: (parts) => weightedMean(parts as readonly Measured<RougeScore>[]),
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
      return mean(job, `${nrefs}|norm:squad|lang:${language}|version:1.1`, (prediction, list) =>
        exactMatch({ prediction, references: list, language }),
      );
    case "f1":
      return mean(job, `${nrefs}|norm:squad|lang:${language}|overlap:bag|version:1.1`, (prediction, list) =>
        f1Score({ prediction, references: list, language }),
      );
    case "f1-substring":
      return mean(
        job,
        `${nrefs}|norm:squad|lang:${language}|overlap:substring|version:cmrc2018`,
        (prediction, list) => f1Score({ prediction, references: list, language, overlap: "substring" }),
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
    case "macro-f1":
    case "micro-f1":
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

type Measured<Details> = MetricMeasure & { readonly details: Details };

const joinedStatistics = (parts: readonly MetricMeasure[]): SegmentStatistics =>
  joinStatistics(parts.map(({ statistics }) => statistics));

/** The measure of all rows, from those of their parts in order. @param parts at least one */
export function joinMeasures(parts: readonly MetricMeasure[]): MetricMeasure {
  const [first] = parts;
  if (parts.length === 1) return first;
  return {
    statistics: joinedStatistics(parts),
    signature: first.signature,
    ...(first.details === undefined ? {} : { details: first.joinDetails?.(parts) ?? first.details }),
    ...(first.perSegment ? { perSegment: first.perSegment } : {}),
  };
}

/** The score of each segment alone. */
export const perSegmentOf = ({ statistics, perSegment = eachScore }: MetricMeasure): readonly number[] =>
  perSegment(statistics);

/** The mean scores of all rows from those of parts. */
function weightedMean(parts: readonly Measured<RougeScore>[]): RougeScore {
  const rows = parts.reduce((sum, { statistics }) => sum + statistics.segments, 0);
  const mean = (key: keyof RougeScore): number =>
    parts.reduce((sum, { statistics, details }) => sum + statistics.segments * details[key], 0) / rows;
  return { precision: mean("precision"), recall: mean("recall"), fmeasure: mean("fmeasure") };
}

const llamaFactoryFields = {
  "llama-factory-bleu-4": { field: "bleu4", how: "tok:char|smooth:method3" },
  "llama-factory-rouge-1": { field: "rouge1", how: "tok:jieba|n:1|count:once" },
  "llama-factory-rouge-2": { field: "rouge2", how: "tok:jieba|n:2|count:once" },
  "llama-factory-rouge-l": { field: "rougeL", how: "tok:jieba" },
} as const;

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
    details: detailsOf(statistics),
    joinDetails: (parts) => detailsOf(joinedStatistics(parts)),
    perSegment: (whole) =>
      eachScore({ ...whole, score: (sums) => bleuOfSums(sums, { effectiveOrder: true, ...chosen }).score }),
  };
}

function chrf({ predictions, references, options, facts }: MetricJob, wordOrder: number): MetricMeasure {
  const chosen = { wordOrder, lowercase: options.lowercase ?? false };
  const statistics = chrfStatistics(predictions, references, chosen);
  const signature = chrfSignature(facts.referenceCount, chosen);
  const name = `chrF2${"+".repeat(wordOrder)}`;
  return { statistics, signature, details: { name, signature } };
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
    details: detailsOf(statistics),
    joinDetails: (parts) => detailsOf(joinedStatistics(parts)),
  };
}

function labels(
  name: "label-accuracy" | "macro-f1" | "micro-f1" | "weighted-f1",
  { predictions, references, options, facts }: MetricJob,
): MetricMeasure {
  const { labelPlace = "whole" } = options;
  const all = options.labels ?? facts.labels;
  const extract = labelExtractor(labelPlace, all);
  const places = new Map(all.map((label, place) => [label, place]));
  const placeOf = (label: string | null): number => (label === null ? -1 : (places.get(label) ?? -1));
  const expected = references.map(([first]) => placeOf(strip(first)));
  const said = predictions.map((prediction) => placeOf(extract(prediction)));
  const right = said.map((place, row) => (place >= 0 && place === expected[row] ? 100 : 0));
  const place = typeof labelPlace === "string" ? labelPlace : (Object.keys(labelPlace)[0] ?? "");
  return {
    statistics:
      name === "label-accuracy"
        ? meanStatistics(right)
        : labelStatistics(expected, said, all.length, name.slice(0, -"-f1".length) as LabelAverage),
    signature: `nrefs:1|labels:${all.length}|label:${place}|zero:0`,
    details: { labels: all, unparsed: said.filter((at) => at === -1).length },
    joinDetails: (parts) => ({
      labels: all,
      unparsed: parts.reduce(
        (sum, part) => sum + (part as Measured<{ unparsed: number }>).details.unparsed,
        0,
      ),
    }),
    ...(name === "label-accuracy" ? {} : { perSegment: rightRows }),
  };
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
  const total = texts.reduce((sum, { length }) => sum + length, 0);
  const corpus = (unique: number, of: number): unknown => ({ corpus: of === 0 ? 0 : unique / of });
  const measure = {
    statistics: meanStatistics(shares),
    ngrams: new Set(texts.flat()),
    total,
    signature: `nrefs:0|tok:${tokens(language)}|n:${order}|mean:texts`,
  };
  return {
    ...measure,
    details: corpus(measure.ngrams.size, total),
    joinDetails(parts) {
      const all = new Set<string>();
      let count = 0;
      for (const part of parts as readonly (typeof measure)[]) {
        for (const ngram of part.ngrams) all.add(ngram);
        count += part.total;
      }
      return corpus(all.size, count);
    },
  };
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
