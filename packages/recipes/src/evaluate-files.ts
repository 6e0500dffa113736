import { basename, extname } from "node:path";
import {
  checkTextFiles,
  type CompareSystemsRequest,
  predictionOf,
  referencesOf,
  resolveMetricNames,
  StreamedScores,
  streamTexts,
  type SystemComparison,
} from "@lathe/eval";
import { withField } from "./fields-of-packages.js";
import { type OnRecipeEvent, warningOf } from "./recipe-event.js";

/** What {@link evaluateFiles} scores. */
export interface EvaluateFilesOptions extends Omit<
  CompareSystemsRequest,
  "systems" | "references" | "options"
> {
  /** Files of replies, one a system: a text a line, or JSON lines. The others are compared with the first. */
  readonly predictions: readonly string[];
  /** File of what they should be, also several a line. */
  readonly references: string;
  /** How the metrics compare. */
  readonly metricOptions?: Omit<NonNullable<CompareSystemsRequest["options"]>, "onWarning"> | undefined;
  readonly onEvent?: OnRecipeEvent | undefined;
}

/** Rows scored at one time. */
const ROWS_AT_ONCE = 1024;

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
  ...how
}: EvaluateFilesOptions): Promise<SystemComparison> {
  try {
    // A name that is not known is found before files are read.
    resolveMetricNames(metrics);
    const survey = await checkTextFiles(predictions, references);
    const names = predictions.map((file) => basename(file, extname(file)));
    const isAlone = (name: string): boolean => names.indexOf(name) === names.lastIndexOf(name);
    const systems = predictions.map((file, place) => ({ name: isAlone(names[place]) ? names[place] : file }));
    const options = { ...metricOptions, onWarning: warningOf(onEvent) };
    const scores = new StreamedScores({
      ...how,
      systems,
      metrics,
      options,
      facts: survey.facts(metricOptions?.language),
    });
    for (const [system, file] of predictions.entries()) {
      for await (const { texts, lists } of pairsOf(file, references)) scores.add(system, texts, lists);
    }
    return scores.compare();
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
