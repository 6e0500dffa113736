import { phrase } from "@lathe/files";
import { flatBatch, type LabelledRow, type LanguageModel } from "@lathe/model";
import { attach, trainableParameters } from "@lathe/peft";
import type { Precision } from "@lathe/tensor";
import { type CreateOptimiser, supervised, train } from "@lathe/train";
import { withField } from "../fields-of-packages.js";
import { borrowModel, type EngineOptions, folderOf, type ModelInput } from "../model/open-model.js";
import { expectation, RecipeError } from "../recipe-error.js";
import type { RecipeHooks } from "../recipe-event.js";
import type { RowsInput } from "../rows/rows-input.js";
import { type LearntOptions, readTrainingRows } from "../rows/training-rows.js";

/** Rows that are compared; fewer where there are fewer. */
const ROWS = 16;

/** Micro-batches that they are split into. */
const PARTS = 4;

/** Relative distances that sums in another order may make: in float32, and where products are rounded. */
const TOLERANCES = { exact: 1e-4, rounded: 2e-2 };

/** What is compared: `accumulation`, rows in four micro-batches with rows in one; `packing`, rows side by side with rows alone. */
export type Batching = "accumulation" | "packing";

/** Where the rows come from and what computes. */
export interface CompareBatchingOptions extends EngineOptions, RecipeHooks, LearntOptions {
  readonly batching: Batching;
  readonly model: ModelInput;
  readonly data: RowsInput;
  /** Longest row in tokens. @defaultValue what the model can read */
  readonly maxTokens?: number | undefined;
}

/** How far two ways to batch the same rows are apart. */
export interface BatchingComparison {
  readonly rows: number;
  readonly precision: Precision;
  /** Relative distance that there may be. */
  readonly tolerance: number;
  /** |a − b| / |a| of the mean losses a label. */
  readonly lossDifference: number;
  /** The largest |a − b| of a label's loss by its row's mean loss, side by side and alone; null for `accumulation`. */
  readonly labelDifference: number | null;
  /** ‖a − b‖ / ‖a‖ over the gradients of an adapter. */
  readonly gradientDifference: number;
  /** Whether all are within the tolerance. */
  readonly equal: boolean;
}

/** Loss and gradients of a step. */
interface Step {
  readonly loss: number;
  readonly gradients: readonly Float32Array[];
}

/**
 * Shows on rows of one's own that it makes no difference how they are batched: takes a step of the training loop with the first 16
 * of them in both ways, without dropout and without changing anything, and compares losses and gradients. Products are float32
 * unless another precision is asked for: where rows are rounded together, how they are rounded depends on the batch.
 *
 * @throws RecipeError naming the field, and what reading rows and model throws
 */
export async function compareBatching(options: CompareBatchingOptions): Promise<BatchingComparison> {
  try {
    return await compare(options);
  } catch (error) {
    throw withField(error);
  }
}

async function compare(options: CompareBatchingOptions): Promise<BatchingComparison> {
  const { batching, data, maxTokens, overlong, lossOn, reasoning, signal, onEvent } = options;
  const folder = await folderOf(options.model, onEvent);
  const limit = maxTokens ?? folder.config.maxPositions;
  const learnt = { maxTokens: limit, overlong, lossOn, reasoning };
  const source = await readTrainingRows(data, folder, { field: "data", ...learnt, rejectLimit: 1 });
  const count = Math.min(ROWS, source.rows.length - (source.rows.length % PARTS));
  if (count === 0) {
    throw new RecipeError([
      expectation("data", phrase`at least ${PARTS} rows to learn`, String(source.rows.length)),
    ]);
  }
  const rows = Array.from({ length: count }, (_, index) => source.rows.row(index));
  const { precision = "auto" } = options;
  // Rounding that goes by the batch, as that of int8 products does, would hide what the loop does.
  const exact =
    precision === "auto" && typeof options.model === "string" ? { precision: "fp32" as const } : {};
  const { opened, release } = await borrowModel(options.model, folder, { ...options, ...exact });
  const { model, engine } = opened;
  try {
    attach(model, { dropout: 0 });
    signal?.throwIfAborted();
    const parts = batching === "accumulation" ? PARTS : count;
    const [whole, split] = [await stepOf(model, rows, 1), await stepOf(model, rows, parts)];
    const tolerance = engine.precision === "fp32" ? TOLERANCES.exact : TOLERANCES.rounded;
    const lossDifference = Math.abs(whole.loss - split.loss) / Math.abs(whole.loss);
    const gradientDifference = distance(whole.gradients, split.gradients);
    const labelDifference = batching === "packing" ? labelDistance(model, rows) : null;
    const all = [lossDifference, gradientDifference, labelDifference ?? 0];
    return {
      rows: count,
      precision: engine.precision,
      tolerance,
      lossDifference,
      labelDifference,
      gradientDifference,
      equal: all.every((difference) => difference <= tolerance),
    };
  } finally {
    release();
  }
}

/** A step of the loop with the rows in so many micro-batches. */
async function stepOf(model: LanguageModel, rows: readonly LabelledRow[], parts: number): Promise<Step> {
  const gradients: Float32Array[] = [];
  const keeping: CreateOptimiser = (parameters) => ({
    identity: { name: "keeping" },
    apply(gradientOf) {
      for (const { variable } of parameters) {
        const gradient = gradientOf(variable);
        gradients.push(gradient ? Float32Array.from(gradient.dataSync()) : new Float32Array(variable.size));
      }
    },
    state: () => [],
    restore: async () => Promise.resolve(),
    dispose: () => undefined,
  });
  const steps = train({
    parameters: trainableParameters(model),
    objective: supervised(model),
    rows: { length: rows.length, row: (index) => rows[index] },
    optimiser: keeping,
    config: {
      batchSize: rows.length / parts,
      gradientAccumulation: parts,
      maxSteps: 1,
      warmupSteps: 0,
      maxGradNorm: 0,
      shuffle: false,
    },
  });
  let loss = Number.NaN;
  for await (const report of steps) loss = report.loss;
  return { loss, gradients };
}

/** ‖a − b‖ / ‖a‖ over all of them; 0 where both are nothing. */
function distance(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let [difference, size] = [0, 0];
  for (const [index, values] of a.entries()) {
    for (const [i, value] of values.entries()) {
      difference += (value - b[index][i]) ** 2;
      size += value ** 2;
    }
  }
  return difference === 0 ? 0 : Math.sqrt(difference / size);
}

/** How far the loss of a label is from what it is where its row is alone, by the row's mean loss. */
function labelDistance(model: LanguageModel, rows: readonly LabelledRow[]): number {
  const together = model.tokenLosses(flatBatch(rows));
  let start = 0;
  let most = 0;
  for (const row of rows) {
    const alone = model.tokenLosses(flatBatch([row]));
    const mean = alone.reduce((sum, loss) => sum + loss, 0) / alone.length;
    for (const [i, loss] of alone.entries())
      most = Math.max(most, Math.abs(loss - together[start + i]) / mean);
    start += alone.length;
  }
  return most;
}
