import { basename, extname } from "node:path";
import {
  type CompareSystemsRequest,
  compareSystems,
  readReferences,
  readTexts,
  resolveMetricNames,
  type SystemComparison,
  type SystemTexts,
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

/**
 * Scores files of replies against references, and says how they differ. A system is called as its file is, without the
 * extension, or by the whole path where two files are called the same.
 *
 * @throws UnknownMetricError, MetricOptionError; TextFileError with file and line; SegmentError where files differ in length
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
    const expected = await readReferences(references);
    const systems: SystemTexts[] = [];
    const names = predictions.map((file) => basename(file, extname(file)));
    for (const [place, file] of predictions.entries()) {
      const isAlone = names.indexOf(names[place]) === names.lastIndexOf(names[place]);
      systems.push({ name: isAlone ? names[place] : file, predictions: await readTexts(file) });
    }
    const options = { ...metricOptions, onWarning: warningOf(onEvent) };
    return compareSystems({ ...how, systems, references: expected, metrics, options });
  } catch (error) {
    throw withField(error);
  }
}
