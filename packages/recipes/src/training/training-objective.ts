import { type OnWarning, phrase } from "@lathe/files";
import type { BranchedRow, LanguageModel } from "@lathe/model";
import {
  evaluationBatches,
  largestMicroBatch,
  measureRows,
  type Objective,
  planSteps,
  type ReferenceLikelihood,
  readLikelihoods,
  ReferenceLikelihoods,
  type RowSizes,
  type RowSource,
  type RunFolder,
  type StepReport,
  train,
  type TrainConfig,
  type TrainEnd,
  type TrainOptions,
  writeLikelihoods,
} from "@lathe/train";
import type { FinetuneOptions } from "../finetune-options.js";
import type { SamplePrompt } from "../record/sample-prompt.js";
import type { ModelFolder } from "../model/model-folder.js";
import type { MaskReport } from "../rows/mask-report.js";
import type { RowsInput } from "../rows/rows-input.js";
import type { TrainingRows, TrainingRowsOptions } from "../rows/training-rows.js";

/** Reads and checks rows of a shape. */
export type ReadRowsOf<Row> = (
  input: RowsInput,
  folder: ModelFolder,
  options: TrainingRowsOptions,
) => Promise<TrainingRows<Row>>;

/** An objective by its rows and its loss. */
export interface TrainingObjective<Row, Batch> {
  /** Reads and checks its rows. */
  readonly readRows: ReadRowsOf<Row>;
  /** Tokens and scored labels of a row, by which memory is planned. */
  sizeOf(row: Row): readonly [tokens: number, labels: number];
  /** What is learnt of rows; left out where labels do not say it. @param endIds tokens that end a reply */
  maskReport?(rows: RowSource<Row>, endIds: readonly number[]): MaskReport;
  /** What a row asks a model, to be shown how it answers in the course of a run; left out where rows ask nothing. */
  samplePrompt?(row: Row): SamplePrompt | null;
  /**
   * Completions of a step whose log-likelihoods before training it compares with; left out where it does without.
   * @param microBatches the rows of each micro-batch
   */
  referenceRows?(microBatches: readonly (readonly Row[])[]): BranchedRow[];
  /** What is made small on a model that is ready to be trained. @param reference of all that `referenceRows` asks for */
  create(model: LanguageModel, reference: ReferenceLikelihood): Objective<Row, Batch>;
}

/** What became of rows: everything but the rows themselves, which only their objective understands. */
export type ReadRows = Omit<TrainingRows<unknown>, "rows"> & { readonly used: number };

/** How the loop is run, whatever the objective. */
export type LoopOptions = Omit<TrainOptions<never, never>, "objective" | "rows" | "validation">;

/** How much a micro-batch holds. */
export type BatchLimit = Partial<Pick<TrainConfig, "batchSize" | "maxTokensPerBatch">>;

/** A micro-batch of one row, of whatever length. */
export const SINGLE_ROWS: BatchLimit = { batchSize: 1, maxTokensPerBatch: 0 };

/** An objective with the rows of a run. */
export interface PreparedObjective {
  readonly training: ReadRows;
  readonly validation: ReadRows | null;
  /** The most tokens and scored labels of a micro-batch. @param limit of one, that of the run unless given */
  largest(limit?: BatchLimit): { readonly tokens: number; readonly labels: number };
  /** What is learnt of the rows; null where labels do not say it. @param endIds tokens that end a reply */
  maskReport(endIds: readonly number[]): MaskReport | null;
  /** What the first rows of validation ask. @param count prompts at most */
  samplePrompts(count: number): SamplePrompt[];
  /** Computes what is compared with, on the model before it is trained, but for what an earlier part of the run has kept. */
  computeReference(model: LanguageModel, hooks: ReferenceHooks): Promise<void>;
  /** Keeps what was computed, for when the run goes on. */
  keepReference(run: RunFolder): Promise<void>;
  /** The steps of the run; see `train`. */
  steps(model: LanguageModel, options: LoopOptions): AsyncGenerator<StepReport, TrainEnd, undefined>;
}

/** How {@link PreparedObjective.computeReference} goes on. */
export interface ReferenceHooks {
  /** The run that goes on, or null. */
  readonly earlier: RunFolder | null;
  /** Progress in rows. */
  readonly onProgress: (done: number, total: number) => void;
  /** What was kept is damaged, and is computed again. */
  readonly onWarning: OnWarning;
  readonly signal: AbortSignal | undefined;
}

/** Reads the rows of an option. */
export type ReadOption = <Row>(
  field: "data" | "validation",
  input: RowsInput,
  read: ReadRowsOf<Row>,
) => Promise<TrainingRows<Row>>;

/** Reads the rows of a run for an objective. @param read reads those of an option, and tells what became of them */
export async function prepareObjective<Row, Batch>(
  objective: TrainingObjective<Row, Batch>,
  { data, validation }: Pick<FinetuneOptions, "validation"> & { readonly data: RowsInput },
  config: TrainConfig,
  read: ReadOption,
): Promise<PreparedObjective> {
  const training = await read("data", data, objective.readRows);
  const evaluated =
    validation === undefined ? null : await read("validation", validation, objective.readRows);
  let reference = new ReferenceLikelihoods();
  let sizes: RowSizes | null = null;
  let isKept = objective.referenceRows === undefined;
  const largest = (limit: BatchLimit = {}): ReturnType<typeof largestMicroBatch> => {
    sizes ??= measureRows(training.rows, objective.sizeOf);
    return largestMicroBatch(sizes, { ...config, ...limit });
  };
  return {
    async computeReference(model, { earlier, ...hooks }) {
      if (!objective.referenceRows) return;
      const stored = earlier ? await readLikelihoods(earlier.referencePath) : { entries: [] };
      if ("fault" in stored)
        hooks.onWarning(phrase`${stored.fault}; the log-likelihoods in it are computed again`);
      else reference = new ReferenceLikelihoods(stored.entries);
      const rows = referenceRows(objective, training.rows, evaluated?.rows, config);
      // What fits the steps fits this too.
      isKept = (await reference.compute(model, rows, { ...hooks, batchTokens: largest().tokens })) === 0;
    },
    async keepReference(run) {
      if (!isKept) await writeLikelihoods(run.referencePath, reference.entries());
      isKept = true;
    },
    training: countsOf(training),
    validation: evaluated && countsOf(evaluated),
    largest,
    maskReport: (endIds) => objective.maskReport?.(training.rows, endIds) ?? null,
    samplePrompts: (count) => samplePrompts(objective, evaluated?.rows, count),
    steps: (model, options) =>
      train({
        ...options,
        objective: objective.create(model, reference.of),
        rows: training.rows,
        ...(evaluated ? { validation: evaluated.rows } : {}),
      }),
  };
}

/** All completions that a run compares with what they were before it. */
function* referenceRows<Row>(
  objective: Pick<TrainingObjective<Row, never>, "referenceRows">,
  rows: RowSource<Row>,
  validation: RowSource<Row> | undefined,
  config: TrainConfig,
): Generator<BranchedRow> {
  for (const { microBatches } of planSteps(rows, config)) {
    const step = microBatches.map((numbers) => Array.from(numbers, (index) => rows.row(index)));
    yield* objective.referenceRows?.(step) ?? [];
  }
  for (const { start, end } of validation ? evaluationBatches(validation, config) : []) {
    const batch = Array.from({ length: end - start }, (_, index) => validation!.row(start + index));
    yield* objective.referenceRows?.([batch]) ?? [];
  }
}

function samplePrompts<Row>(
  { samplePrompt }: Pick<TrainingObjective<Row, never>, "samplePrompt">,
  rows: RowSource<Row> | undefined,
  count: number,
): SamplePrompt[] {
  const prompts: SamplePrompt[] = [];
  for (let index = 0; samplePrompt && rows && index < rows.length && prompts.length < count; index++) {
    const prompt = samplePrompt(rows.row(index));
    if (prompt) prompts.push(prompt);
  }
  return prompts;
}

function countsOf<Row>({ rows, ...counts }: TrainingRows<Row>): ReadRows {
  return { ...counts, used: rows.length };
}
