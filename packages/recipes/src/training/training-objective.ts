import type { LanguageModel } from "@lathe/model";
import {
  type Objective,
  type RowSource,
  type StepReport,
  train,
  type TrainConfig,
  type TrainEnd,
  type TrainOptions,
} from "@lathe/train";
import type { FinetuneOptions } from "../finetune-options.js";
import type { SamplePrompt } from "../record/sample-prompt.js";
import type { ModelFolder } from "../model/model-folder.js";
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
  /** The most tokens and scored labels of a micro-batch, of which memory is planned. */
  largestMicroBatch(
    rows: RowSource<Row>,
    config: TrainConfig,
  ): { readonly tokens: number; readonly labels: number };
  /** What a row asks a model, to be shown how it answers in the course of a run; left out where rows ask nothing. */
  samplePrompt?(row: Row): SamplePrompt | null;
  /** What is made small on a model that is ready to be trained. */
  create(model: LanguageModel): Objective<Row, Batch>;
}

/** What became of rows: everything but the rows themselves, which only their objective understands. */
export type ReadRows = Omit<TrainingRows<unknown>, "rows"> & { readonly used: number };

/** How the loop is run, whatever the objective. */
export type LoopOptions = Omit<TrainOptions<never, never>, "objective" | "rows" | "validation">;

/** An objective with the rows of a run. */
export interface PreparedObjective {
  readonly training: ReadRows;
  readonly validation: ReadRows | null;
  /** The most tokens and scored labels of a micro-batch. */
  readonly largest: { readonly tokens: number; readonly labels: number };
  /** What the first rows of validation ask. @param count prompts at most */
  samplePrompts(count: number): SamplePrompt[];
  /** The steps of the run; see `train`. */
  steps(model: LanguageModel, options: LoopOptions): AsyncGenerator<StepReport, TrainEnd, undefined>;
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
  return {
    training: countsOf(training),
    validation: evaluated && countsOf(evaluated),
    largest: objective.largestMicroBatch(training.rows, config),
    samplePrompts: (count) => samplePrompts(objective, evaluated?.rows, count),
    steps: (model, options) =>
      train({
        ...options,
        objective: objective.create(model),
        rows: training.rows,
        ...(evaluated ? { validation: evaluated.rows } : {}),
      }),
  };
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
