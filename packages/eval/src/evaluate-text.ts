import { accuracy } from "./accuracy.js";
import { corpusBleu, sentenceBleu, type BleuOptions } from "./bleu.js";
import type { BleuTokenizer } from "./bleu-tokenizer.js";
import { corpusChrf, sentenceChrf } from "./chrf.js";
import { detectLanguage } from "./detect-language.js";
import { MetricOptionError } from "./errors.js";
import { resolveMetricNames, type MetricName } from "./metric-names.js";
import { characterSentenceBleu } from "./nltk-bleu.js";
import { exactMatch, f1Score } from "./question-answering.js";
import { meanRouge, scoreSegments, type RougeKind, type RougeScores } from "./rouge.js";
import { checkChoice, checkSegments, type Segments } from "./segments.js";

/** How {@link evaluateText} scores; each metric reads the options that concern it. */
export interface EvaluateTextOptions extends BleuOptions {
  /**
   * Whose rules divide the texts. `"auto"` looks at the references: Chinese if a fifth of their letters are Han
   * characters, else `"en"`. It decides the tokeniser of `bleu` (`13a` or `zh`) unless `tokenizer` is given, of
   * ROUGE, and of exact match and F1. @defaultValue "auto"
   */
  readonly language?: "auto" | "en" | "zh";
  /** ROUGE: compare English words without their endings. @defaultValue false */
  readonly stem?: boolean;
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
  /** What the numbers were made of: counts and signature of BLEU, signature of chrF, precision and recall of ROUGE. */
  readonly details: { readonly [metric in MetricName]?: unknown };
  /** The score of each segment for each metric, in the order of the predictions; only with `perSegment`. */
  readonly perSegment?: { readonly [metric in MetricName]?: readonly number[] };
}

/** What {@link evaluateText} is asked for. */
export interface EvaluateTextRequest extends Segments {
  /** Names of {@link metricNames}, or `rouge` for ROUGE-1, -2 and -L; spelled with any case, `-` or `_`. */
  readonly metrics: readonly string[];
  readonly options?: EvaluateTextOptions;
}

interface MetricResult {
  readonly score: number;
  readonly details?: unknown;
  /** Computed only when it is asked for. */
  readonly perSegment: () => readonly number[];
}

/** A request with everything checked and decided. */
interface Job extends Segments {
  readonly references: readonly (readonly string[])[];
  readonly options: EvaluateTextOptions;
  readonly language: "en" | "zh";
  /** All kinds of ROUGE that are asked for are scored at once, the first time one is needed. */
  readonly rouge: () => RougeScores[];
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
  const names = resolveMetricNames(metrics);
  if (names.length === 0) throw new MetricOptionError("metrics", "at least one metric", "none");
  const lists = checkSegments({ predictions, references });
  const { language: wanted = "auto" } = options;
  checkChoice("language", wanted, ["auto", "en", "zh"]);
  const language = wanted === "auto" ? detectLanguage(lists.flat()) : wanted;

  const kinds = names.filter((name): name is MetricName & RougeKind => name.startsWith("rouge"));
  let rouge: RougeScores[] | undefined;
  const job: Job = {
    predictions,
    references: lists,
    options,
    language,
    rouge: () =>
      (rouge ??= scoreSegments<RougeKind>(predictions, lists, {
        kinds,
        tokenizer: language,
        stem: options.stem ?? false,
      })),
  };

  const scores: { [metric in MetricName]?: number } = {};
  const details: { [metric in MetricName]?: unknown } = {};
  const perSegment: { [metric in MetricName]?: readonly number[] } = {};
  for (const name of names) {
    const result = score(name, job);
    scores[name] = result.score;
    if (result.details !== undefined) details[name] = result.details;
    if (options.perSegment) perSegment[name] = result.perSegment();
  }
  return {
    segments: predictions.length,
    language,
    scores,
    details,
    ...(options.perSegment ? { perSegment } : {}),
  };
}

function score(name: MetricName, job: Job): MetricResult {
  switch (name) {
    case "bleu":
      return bleu(job, job.options.tokenizer ?? (job.language === "zh" ? "zh" : "13a"));
    case "bleu-13a":
    case "bleu-intl":
    case "bleu-zh":
    case "bleu-char":
    case "bleu-none":
      return bleu(job, name.slice("bleu-".length) as BleuTokenizer);
    case "sentence-bleu-char":
      return mean(job, (prediction, references) => 100 * characterSentenceBleu(prediction, references));
    case "chrf":
      return chrf(job, 0);
    case "chrf++":
      return chrf(job, 2);
    case "rouge1":
    case "rouge2":
    case "rougeL":
    case "rougeLsum": {
      const segments = job.rouge();
      const details = meanRouge(segments)[name];
      return {
        score: details.fmeasure,
        details,
        perSegment: () => segments.map((scores) => scores[name].fmeasure),
      };
    }
    case "exact-match":
      return mean(job, (prediction, references) =>
        exactMatch({ prediction, references, language: job.language }),
      );
    case "f1":
      return mean(job, (prediction, references) =>
        f1Score({ prediction, references, language: job.language }),
      );
    case "f1-substring":
      return mean(job, (prediction, references) =>
        f1Score({ prediction, references, language: job.language, overlap: "substring" }),
      );
    case "accuracy":
      return mean(job, (prediction, references) =>
        accuracy({ predictions: [prediction], references: [references] }),
      );
  }
}

function bleu({ predictions, references, options }: Job, tokenizer: BleuTokenizer): MetricResult {
  const { score, ...details } = corpusBleu({ ...options, tokenizer, predictions, references });
  return {
    score,
    details,
    perSegment: () =>
      predictions.map((prediction, segment) => {
        return sentenceBleu({ ...options, tokenizer, prediction, references: references[segment] }).score;
      }),
  };
}

function chrf({ predictions, references, options }: Job, wordOrder: number): MetricResult {
  const chosen = { wordOrder, lowercase: options.lowercase ?? false };
  const { score, ...details } = corpusChrf({ ...chosen, predictions, references });
  return {
    score,
    details,
    perSegment: () =>
      predictions.map((prediction, segment) => {
        return sentenceChrf({ ...chosen, prediction, references: references[segment] }).score;
      }),
  };
}

/** A metric that is the mean of its segments' scores. */
function mean(
  { predictions, references }: Job,
  scoreSegment: (prediction: string, references: readonly string[]) => number,
): MetricResult {
  const scores = predictions.map((prediction, segment) => scoreSegment(prediction, references[segment]));
  return {
    score: scores.reduce((sum, value) => sum + value, 0) / scores.length,
    perSegment: () => scores,
  };
}
