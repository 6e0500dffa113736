import { basename, extname } from "node:path";
import {
  checkTextFiles,
  type CompareSystemsRequest,
  type JudgeReport,
  predictionOf,
  referencesOf,
  resolveMetricNames,
  StreamedScores,
  streamTexts,
  type SystemComparison,
  type TextOf,
} from "@lathe/eval";
import { isRecord } from "@lathe/files";
import {
  measureModelMetrics,
  type ModelMetricsOptions,
  type ScoredRow,
  textMetricsOf,
} from "./evaluate/model-metrics.js";
import { withField } from "./fields-of-packages.js";
import type { EngineOptions } from "./model/open-model.js";
import { type RecipeHooks, warningOf } from "./recipe-event.js";

/** What {@link evaluateFiles} scores. */
export interface EvaluateFilesOptions
  extends
    Omit<CompareSystemsRequest, "systems" | "references" | "options">,
    ModelMetricsOptions,
    EngineOptions,
    RecipeHooks {
  /** Files of replies, one a system: a text a line, or JSON lines. The others are compared with the first. */
  readonly predictions: readonly string[];
  /** File of what they should be, also several a line. */
  readonly references: string;
  /** How the metrics compare. */
  readonly metricOptions?: Omit<NonNullable<CompareSystemsRequest["options"]>, "onWarning"> | undefined;
}

/** Scores of systems, and how they were judged. */
export interface JudgedComparison extends SystemComparison {
  /** Who judged, what it was told, and what it cost; null where nobody did. */
  readonly judge: JudgeReport | null;
}

/** Rows scored at one time: few, so that their texts are let go before V8 counts them among what stays. */
const ROWS_AT_ONCE = 128;

/**
 * Scores files of replies against references, and says how they differ. The files are read row by row, twice: what is kept of a
 * row is its numbers. A system is called as its file is, without the extension, or by the whole path where two files are
 * called the same.
 *
 * @throws UnknownMetricError, MetricOptionError; TextPairsError with every fault and its line; TextFileError where a file
 * cannot be read
 */
export async function evaluateFiles({
  predictions,
  references,
  metrics,
  metricOptions,
  onEvent,
  signal,
  judge,
  judgeAnswers,
  embeddingModel,
  engine,
  precision,
  ...how
}: EvaluateFilesOptions): Promise<JudgedComparison> {
  try {
    const modelMetrics = { judge, judgeAnswers, embeddingModel };
    const { texts: textMetrics } = textMetricsOf(metrics, modelMetrics);
    // A name that is not known is found before files are read.
    resolveMetricNames(textMetrics);
    const survey = await checkTextFiles(predictions, references);
    const names = predictions.map((file) => basename(file, extname(file)));
    const isAlone = (name: string): boolean => names.indexOf(name) === names.lastIndexOf(name);
    const systems = predictions.map((file, place) => ({ name: isAlone(names[place]) ? names[place] : file }));
    const options = { ...metricOptions, onWarning: warningOf(onEvent) };
    const facts = survey.facts(metricOptions?.language);
    const scores = new StreamedScores({
      ...how,
      systems,
      metrics: textMetrics,
      options,
      facts,
    });
    for (const [system, file] of predictions.entries()) {
      for await (const { texts, lists } of pairsOf(file, references)) scores.add(system, texts, lists);
    }
    const byModels = await measureModelMetrics({
      ...modelMetrics,
      metrics,
      systems: systems.map(({ name }) => name),
      language: facts.language,
      reasoning: how.reasoning ?? "strip",
      count: facts.rows,
      rows: () => rowsOf(predictions, references),
      engine,
      precision,
      signal,
      onEvent,
    });
    return { ...scores.compare(byModels.metrics), judge: byModels.judge };
  } catch (error) {
    throw withField(error);
  }
}

/** Rows of a checked file and their references, some at a time. */
async function* pairsOf(
  file: string,
  references: string,
): AsyncGenerator<
  { readonly texts: readonly string[]; readonly lists: readonly string[][] },
  void,
  undefined
> {
  let texts: string[] = [];
  let lists: string[][] = [];
  const wanted = streamTexts(references, referencesOf);
  for await (const row of streamTexts(file, predictionOf)) {
    const { value } = await wanted.next();
    if (!value) break;
    texts.push(row.text());
    lists.push(value.text());
    if (texts.length < ROWS_AT_ONCE) continue;
    yield { texts, lists };
    [texts, lists] = [[], []];
  }
  if (texts.length > 0) yield { texts, lists };
}

/** What a row of predictions says was asked; null where it does not. */
const questionOf: TextOf<string | null> = (value) => {
  const prompt = isRecord(value) && Object.hasOwn(value, "prompt") ? value["prompt"] : null;
  return typeof prompt === "string" ? prompt : null;
};

/** Rows of checked files, each with the replies of all systems. */
async function* rowsOf(
  predictions: readonly string[],
  references: string,
): AsyncGenerator<ScoredRow, void, undefined> {
  const files = predictions.map((file) =>
    streamTexts(file, (...row) => ({ reply: predictionOf(...row), question: questionOf(...row) })),
  );
  try {
    for await (const wanted of streamTexts(references, referencesOf)) {
      const rows = (await Promise.all(files.map((file) => file.next()))).map(({ value }) => value!.text());
      const question = rows.find((row) => row.question !== null)?.question ?? null;
      yield { question, references: wanted.text(), replies: rows.map(({ reply }) => reply) };
    }
  } finally {
    await Promise.all(files.map((file) => file.return()));
  }
}
