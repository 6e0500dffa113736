import { phrase } from "@lathe/files";
import { type FlatBatch, flatBatch } from "@lathe/model";
import {
  type ChooseZeros,
  type ComparedWeights,
  magnitudeZeros,
  type PrunedWeights,
  pruneWeights,
  type Sparsity,
  sparsityRule,
  type SparsityRule,
  wandaMasks,
} from "@lathe/quant";
import { namingFields, withField } from "./fields-of-packages.js";
import { borrowModel, type EngineOptions, folderOf, type ModelInput, pathOf } from "./model/open-model.js";
import { progressOf, type RecipeHooks } from "./recipe-event.js";
import { expectation, field, RecipeError } from "./recipe-error.js";
import { readLabelledRows } from "./rows/labelled-rows.js";
import type { RowsInput } from "./rows/rows-input.js";

/** What decides which weights go. */
export const pruneMethods = ["magnitude", "wanda"] as const;

/** Tokens of the calibration where nothing is said: 128 rows of 512. */
const CALIBRATION_TOKENS = 65_536;

/** Tokens of the calibration that are computed at one time. */
const TOKENS_PER_BATCH = 2048;

/** What {@link pruneModel} reads and writes. */
export interface PruneModelOptions extends EngineOptions, RecipeHooks {
  /** Folder of float weights; of a model that is open, its folder is read. */
  readonly model: ModelInput;
  /** Folder to make; must not exist. */
  readonly output: string;
  /** Share of the weights that become zero, or a pattern such as `"2:4"`. */
  readonly sparsity: Sparsity;
  /**
   * `magnitude`: the smallest weights go. `wanda`: those that matter least for the rows of the calibration, each output's for
   * itself (arXiv:2306.11695). @defaultValue "magnitude"
   */
  readonly method?: (typeof pruneMethods)[number] | undefined;
  /** Among which weights a share is taken by magnitude. @defaultValue "matrix" */
  readonly compared?: ComparedWeights | undefined;
  /** Rows in any shape, for `wanda`; all their tokens count. */
  readonly calibration?: RowsInput | undefined;
  /** Tokens of the calibration at most, whole rows from the start. @defaultValue 65536 */
  readonly calibrationTokens?: number | undefined;
}

/** What {@link pruneModel} did. */
export interface PrunedModel extends PrunedWeights {
  readonly output: string;
  readonly method: (typeof pruneMethods)[number];
  readonly sparsity: Sparsity;
  /** Rows and tokens that the model was shown; 0 by magnitude. */
  readonly calibrationRows: number;
  readonly calibrationTokens: number;
}

/**
 * Writes a model folder whose layers' linears have zeros. It appears as a whole or not at all.
 *
 * @throws RecipeError naming the field; PruneError, ModelConfigError, WeightsError, OutputFolderError; RowError
 * @throws the signal's reason when it aborts; nothing is left then
 */
export async function pruneModel(options: PruneModelOptions): Promise<PrunedModel> {
  const { model, output, sparsity, method = "magnitude", compared, signal, onEvent } = options;
  const rule = namingFields(() => sparsityRule(sparsity));
  checkFields(options);
  try {
    const shown = { calibrationRows: 0, calibrationTokens: 0 };
    let zeros: ChooseZeros = magnitudeZeros(rule, compared);
    if (method === "wanda") {
      const calibrated = await calibrate(options, rule);
      zeros = calibrated.zeros;
      Object.assign(shown, calibrated.shown);
    }
    const pruned = await pruneWeights({
      model: pathOf(model),
      output,
      zeros,
      ...(signal ? { signal } : {}),
      onProgress: progressOf(onEvent, "pruning"),
    });
    return { output, method, sparsity, ...pruned, ...shown };
  } catch (error) {
    throw withField(error);
  }
}

function checkFields(options: PruneModelOptions): void {
  const { method = "magnitude", compared, calibration, calibrationTokens } = options;
  const faults = [];
  if (!pruneMethods.includes(method)) {
    faults.push(expectation("method", phrase`one of ${pruneMethods.join(", ")}`, JSON.stringify(method)));
  }
  if (method === "wanda" && calibration === undefined) {
    faults.push(expectation("calibration", "rows that show the model what it is for", "nothing"));
  }
  for (const key of ["calibration", "calibrationTokens"] as const) {
    if (method !== "magnitude" || options[key] === undefined) continue;
    const sentence = phrase`${field(key)} goes with ${field("method")} wanda; by magnitude no row is read`;
    faults.push({ field: key, sentence });
  }
  if (method === "wanda" && compared === "matrix") {
    const sentence = phrase`${field("compared")}: expected row, as wanda compares the weights of an output, got matrix`;
    faults.push({ field: "compared", sentence });
  }
  if (
    calibrationTokens !== undefined &&
    !(Number.isSafeInteger(calibrationTokens) && calibrationTokens > 0)
  ) {
    faults.push(expectation("calibrationTokens", "a whole number from 1", String(calibrationTokens)));
  }
  if (faults.length > 0) throw new RecipeError(faults);
}

/** Shows the rows of the calibration to the model. */
async function calibrate(
  options: PruneModelOptions,
  rule: SparsityRule,
): Promise<{ zeros: ChooseZeros; shown: Pick<PrunedModel, "calibrationRows" | "calibrationTokens"> }> {
  const { model, calibration, calibrationTokens = CALIBRATION_TOKENS, signal, onEvent } = options;
  const folder = await folderOf(model);
  const { maxPositions } = folder.config;
  const rows = [];
  let tokens = 0;
  for (const { inputIds } of await readLabelledRows(calibration!, "calibration", folder)) {
    if (tokens >= calibrationTokens) break;
    const ids = inputIds.subarray(0, Math.min(maxPositions, calibrationTokens - tokens));
    rows.push(ids);
    tokens += ids.length;
  }
  if (rows.length === 0) throw new RecipeError([expectation("calibration", "at least one row", "none")]);
  const { opened, release } = await borrowModel(model, folder, options);
  try {
    const masks = await wandaMasks(opened.model, batchesOf(rows), rule, {
      onProgress: progressOf(onEvent, "calibrating"),
      ...(signal ? { signal } : {}),
    });
    const zeros: ChooseZeros = ({ weight }) => Promise.resolve(masks.get(weight)!);
    return { zeros, shown: { calibrationRows: rows.length, calibrationTokens: tokens } };
  } finally {
    release();
  }
}

/** Whole rows, together where they are short. */
function batchesOf(rows: readonly Int32Array[]): FlatBatch[] {
  const batches: Int32Array[][] = [];
  let filled = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (filled + row.length > TOKENS_PER_BATCH) {
      batches.push([]);
      filled = 0;
    }
    batches.at(-1)!.push(row);
    filled += row.length;
  }
  return batches.map((batch) => flatBatch(batch.map((inputIds) => ({ inputIds, labels: inputIds }))));
}
