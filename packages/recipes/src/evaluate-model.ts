import {
  type BootstrapOptions,
  compareSystems,
  type EvaluateTextOptions,
  type ReasoningRule,
  resolveMetricNames,
  type SystemComparison,
} from "@lathe/eval";
import type { EncodeRowOptions } from "@lathe/data";
import { generateReplies, type ModelScore, scoreRows } from "@lathe/eval/model";
import { cutAtStop } from "@lathe/model";
import { withField } from "./fields-of-packages.js";
import { followPolicy, policyOf } from "./model/learnt-policy.js";
import {
  borrowModel,
  folderOf,
  type ModelInput,
  type OpenedModel,
  type OpenModelOptions,
  type StreamOptions,
} from "./model/open-model.js";
import { progressOf, type RowsEvent, warningOf } from "./recipe-event.js";
import { expectation, RecipeError } from "./recipe-error.js";
import type { ReplyOptions } from "./respond.js";
import { readLabelledRows } from "./rows/labelled-rows.js";
import { replyTask, type ReplyTask } from "./rows/reply-tasks.js";
import type { RowsInput } from "./rows/rows-input.js";
import { sourceOf } from "./rows/training-rows.js";

/** Metrics where none are named. */
const METRICS: readonly string[] = ["bleu", "rouge"];

/** What {@link evaluateModel} measures on which rows. */
export interface EvaluateModelOptions extends OpenModelOptions, StreamOptions {
  readonly model: ModelInput;
  /** Rows in any shape; the last reply of each is the reference. */
  readonly data: RowsInput;
  /** Rows at most, from the start. @defaultValue all */
  readonly limit?: number | undefined;
  /** Names of metrics of `@lathe/eval`; with none of them no replies are generated. @defaultValue bleu and rouge */
  readonly metrics?: readonly string[] | undefined;
  /** How the metrics compare. */
  readonly metricOptions?: Omit<EvaluateTextOptions, "onWarning"> | undefined;
  /** Whether `<think>` blocks of replies and references are scored by the metrics. @defaultValue "strip" */
  readonly reasoning?: ReasoningRule | undefined;
  /** What of a row the loss is measured on. @defaultValue as the weights have learnt it, else all replies with their reasoning */
  readonly learnt?: Partial<EncodeRowOptions> | undefined;
  /** How intervals are drawn. */
  readonly bootstrap?: BootstrapOptions | undefined;
  /** Tokens computed at one time; a longer row is computed alone. @defaultValue 2048 */
  readonly tokensPerBatch?: number | undefined;
  /** Replies generated at one time, of which more than eight are rounded otherwise: see `streamReplies`. @defaultValue 32 */
  readonly batchSize?: number | undefined;
  /** How replies are generated. */
  readonly generation?: Omit<ReplyOptions, "stream"> | undefined;
}

/** A reply that was generated, and what it should have been. */
export interface EvaluatedReply {
  /** What was asked, for people. */
  readonly prompt: string;
  readonly prediction: string;
  readonly reference: string;
}

/** What a model makes of rows. */
export interface ModelEvaluation extends ModelScore {
  /** A reply for each row that has one to generate. */
  readonly replies: readonly EvaluatedReply[];
  /** Scores of the replies, with signatures and intervals; null where there are none. */
  readonly scores: SystemComparison | null;
}

/**
 * Measures loss and perplexity of rows under a model, has it reply to them, and scores the replies.
 *
 * @throws RecipeError naming the field, UnknownMetricError, RowError with file and line
 * @throws EngineError and what reading a model throws
 * @throws the signal's reason when it aborts
 */
export async function evaluateModel(options: EvaluateModelOptions): Promise<ModelEvaluation> {
  try {
    return await evaluate(options);
  } catch (error) {
    throw withField(error);
  }
}

async function evaluate(options: EvaluateModelOptions): Promise<ModelEvaluation> {
  const { model: input, data, limit, metrics = METRICS, metricOptions = {}, generation, onEvent } = options;
  // A name that is not known is found before the work, not after it.
  resolveMetricNames(metrics);
  const folder = await folderOf(input, onEvent);
  const policy = await policyOf(folder, options.adapter);
  const learnt = followPolicy(options.learnt ?? {}, [policy], ["reasoning", "lossOn"], onEvent);
  const rows = await readLabelledRows(data, "data", folder, learnt, limit);
  if (rows.length === 0) throw new RecipeError([expectation("data", "at least one row", "none")]);
  const tasks =
    metrics.length === 0
      ? []
      : rows.map((row) => replyTask(row, folder.tokenizer, learnt.reasoning)).filter((task) => task !== null);
  const tell = (outcome: RowsEvent["outcome"], count: number, more: Partial<RowsEvent> = {}): void => {
    if (count === 0) return;
    onEvent?.({ type: "rows", source: sourceOf(data, "data"), outcome, count, total: rows.length, ...more });
  };
  const { maxPositions } = folder.config;
  const long = rows.filter(({ inputIds }) => inputIds.length > maxPositions);
  tell("long", long.length, { limit: maxPositions });
  if (metrics.length > 0) tell("without-reply", rows.length - tasks.length);
  const { opened, release } = await borrowModel(input, folder, { ...options, cache: generation?.cache });
  let score: ModelScore;
  let predictions: readonly string[];
  try {
    score = await scoreRows(opened.model, rows, {
      ...(options.tokensPerBatch === undefined ? {} : { tokensPerBatch: options.tokensPerBatch }),
      ...(options.signal ? { signal: options.signal } : {}),
      onProgress: progressOf(onEvent, "scoring"),
    });
    predictions = await reply(opened, tasks, options);
  } finally {
    release();
  }
  const replies = tasks.map(({ prompt, reference }, index) => ({
    prompt,
    prediction: predictions[index],
    reference,
  }));
  const scores =
    replies.length === 0
      ? null
      : compareSystems({
          metrics,
          systems: [{ name: "model", predictions }],
          references: replies.map(({ reference }) => reference),
          options: { ...metricOptions, onWarning: warningOf(onEvent) },
          ...(options.reasoning ? { reasoning: options.reasoning } : {}),
          ...(options.bootstrap ? { bootstrap: options.bootstrap } : {}),
        });
  return { ...score, replies, scores };
}

/** Texts of the replies to tasks; there are none without a tokenizer. */
async function reply(
  { model, tokenizer }: OpenedModel,
  tasks: readonly ReplyTask[],
  { generation = {}, batchSize, signal, onEvent }: EvaluateModelOptions,
): Promise<string[]> {
  if (!tokenizer || tasks.length === 0) return [];
  const { stop = [], ...sampling } = generation;
  const replies = await generateReplies(
    model,
    tasks.map(({ promptIds }) => promptIds),
    {
      ...sampling,
      ...(batchSize === undefined ? {} : { batchSize }),
      ...(signal ? { signal } : {}),
      tokenizer,
      stop,
      onWarning: warningOf(onEvent),
      onProgress: progressOf(onEvent, "generating"),
    },
  );
  return replies.map((ids) => {
    const text = tokenizer.decode(ids);
    return (cutAtStop(text, stop) ?? text).trim();
  });
}
