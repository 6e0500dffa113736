import { realpath, stat } from "node:fs/promises";
import { checkWritable, replaceFile } from "@lathe/files";
import { formatTable, option, optionGroup, UsageError } from "@lathe/command";
import {
  bleuSmoothings,
  bleuTokenizers,
  evaluateText,
  metricNames,
  metricTable,
  readReferences,
  readTexts,
  resolveMetricNames,
  type TextScores,
} from "@lathe/eval";
import { generateReplies, type ModelScore, scoreRows } from "@lathe/eval/model";
import { cutAtStop } from "@lathe/model";
import { z } from "zod";
import { defineVerb, type VerbContext } from "../define-verb.js";
import type { Messages } from "../messages/messages.js";
import { openModel, readModelFolder } from "../model/open-model.js";
import { samplingOf } from "../model/sampling.js";
import { engineOptions } from "../options/engine-options.js";
import { generationOptions } from "../options/generation-options.js";
import { adapterOption, tokensPerBatchOption } from "../options/model-options.js";
import { modelPathFault } from "../paths/model-path-fault.js";
import { rowsPathFault } from "../paths/rows-path-fault.js";
import { readLabelledRows, warnOfLongRows } from "../rows/labelled-rows.js";
import { replyTask, type ReplyTask } from "../rows/reply-tasks.js";

const path = (
  description: string,
  placeholder: string,
  check: (path: string) => Promise<string | null> = () => Promise.resolve(null),
): z.ZodOptional<z.ZodString> => option(z.string().min(1).optional(), description, { placeholder, check });

const options = z
  .object({
    predictions: path("replies to score: a text a line, or .jsonl", "file"),
    references: path("what they should be: a text a line, or .jsonl, also several a line", "file"),
    metrics: option(
      z.array(z.string().min(1)).min(1).default(["bleu", "rouge"]),
      `metrics: ${metricNames.join(", ")}; rouge stands for rouge1, rouge2 and rougeL`,
      { placeholder: "a,b", separator: "," },
    ),
    textLanguage: option(
      z.enum(["auto", "en", "zh"]).default("auto"),
      "whose rules divide the texts; auto looks at the references",
      { placeholder: "language" },
    ),
    bleuTokenizer: option(z.enum(bleuTokenizers).optional(), "tokeniser of the metric bleu", {
      placeholder: "name",
      defaultText: "13a, or zh for Chinese",
    }),
    smoothing: option(z.enum(bleuSmoothings).default("exp"), "smoothing of BLEU, as sacreBLEU names it", {
      placeholder: "name",
    }),
    lowercase: option(z.boolean().default(false), "compare in lower case, for BLEU and chrF"),
    stem: option(z.boolean().default(false), "compare English words without their endings, for ROUGE"),
    perSegment: option(z.boolean().default(false), "also give every text's own scores, with --json"),
    ...optionGroup("With a model", {
      model: path(
        "model folder: generates the replies first, and measures perplexity",
        "dir",
        modelPathFault,
      ),
      adapter: adapterOption(),
      data: path("rows in any shape; the last reply of each is the reference", "file", (path) =>
        rowsPathFault(path, "test"),
      ),
      limit: option(z.int().min(1).optional(), "rows at most, from the start of the file", {
        placeholder: "n",
        unit: "rows",
        defaultText: "all",
      }),
      batchSize: option(z.int().min(1).default(32), "replies generated at one time", {
        placeholder: "n",
        unit: "rows",
      }),
      tokensPerBatch: tokensPerBatchOption(),
      predictionsOutput: path("file for the replies: .jsonl with prompt, prediction, reference", "file"),
    }),
    ...generationOptions,
    ...engineOptions,
  })
  .refine(
    ({ predictions, references, model, data }) =>
      model === undefined && data === undefined
        ? predictions !== undefined && references !== undefined
        : model !== undefined && data !== undefined && predictions === undefined && references === undefined,
    { error: "expected either --predictions and --references, or --model and --data" },
  )
  .refine(
    ({ model, adapter, predictionsOutput }) =>
      model !== undefined || (adapter ?? predictionsOutput) === undefined,
    {
      error: "--adapter and --predictions-output go with --model",
    },
  );

type EvalOptions = z.output<typeof options>;

/** Scores by name first, for scripts; then what they were made of. */
function scoresJson({
  scores,
  segments,
  language,
  details,
  perSegment,
}: TextScores): Record<string, unknown> {
  return { ...scores, segments, language, details, ...(perSegment ? { perSegment } : {}) };
}

function scoresText({ scores, segments, language }: TextScores, { words, textsIn }: Messages): string {
  const rows = resolveMetricNames(Object.keys(scores)).map((name) => [
    name,
    scores[name] ?? null,
    metricTable[name].unit === "points" ? "0–100" : "0–1",
  ]);
  return `${formatTable([words.metric, words.score, words.range], rows)}\n${textsIn(segments, language)}`;
}

/** @throws UsageError when the replies would be written over what is read */
async function checkPredictionsOutput({ predictionsOutput, data }: EvalOptions): Promise<void> {
  if (predictionsOutput === undefined || data === undefined) return;
  await checkWritable(predictionsOutput);
  const found = await stat(predictionsOutput).catch(() => null);
  if (found === null) return;
  if (found.isDirectory()) throw new UsageError([`${predictionsOutput}: expected a file, got a folder`]);
  if ((await realpath(predictionsOutput)) === (await realpath(data).catch(() => null))) {
    throw new UsageError([`${predictionsOutput}: the replies would be written over the rows`]);
  }
}

async function evaluateWithModel(
  given: EvalOptions,
  context: VerbContext,
): Promise<{
  readonly score: ModelScore;
  readonly tasks: readonly ReplyTask[];
  readonly predictions: readonly string[];
}> {
  const { messages, signal, warn } = context;
  const folder = await readModelFolder(given.model!);
  const { tokenizer } = folder;
  const rows = await readLabelledRows(given.data!, folder, given.limit);
  if (rows.length === 0) throw new UsageError([`${given.data}: expected at least one row, got none`]);
  const tasks = rows.map((row) => replyTask(row, tokenizer)).filter((task) => task !== null);
  warnOfLongRows(rows, folder, context);
  if (tasks.length < rows.length) {
    warn(`${given.data}: ${messages.rowsWithoutReply(rows.length - tasks.length, rows.length)}`);
  }
  const opened = await openModel(folder, { ...given, model: given.model! }, context);
  const bars = {
    scoring: context.progress({ label: messages.scoring }),
    generating: context.progress({ label: messages.generating }),
  };
  try {
    const score = await scoreRows(opened.model, rows, {
      tokensPerBatch: given.tokensPerBatch,
      signal,
      onProgress: bars.scoring.update,
    });
    bars.scoring.end();
    const replies = await generateReplies(
      opened.model,
      tasks.map(({ promptIds }) => promptIds),
      {
        ...samplingOf(given, context),
        ...(tokenizer ? { tokenizer, stop: given.stop } : {}),
        batchSize: given.batchSize,
        onProgress: bars.generating.update,
      },
    );
    // Tasks there are only with a tokenizer.
    const predictions = replies.map((ids) => {
      const text = tokenizer!.decode(ids);
      return (cutAtStop(text, given.stop) ?? text).trim();
    });
    return { score, tasks, predictions };
  } finally {
    bars.scoring.end();
    bars.generating.end();
    opened.model.dispose();
  }
}

export const evalVerb = defineVerb({
  description:
    "Scores a file of replies, or has a model reply to rows first: it then also measures the perplexity of the references.",
  examples: [
    "lathe eval --predictions replies.txt --references references.txt --metrics bleu,chrf,rouge",
    "lathe eval --model models/base --adapter runs/first/adapter --data prepared/test.jsonl --metrics bleu-char,rouge",
  ],
  options,
  async run(given, context) {
    // A name that is not known is found before the work, not after it.
    resolveMetricNames(given.metrics);
    await checkPredictionsOutput(given);
    const { metrics, textLanguage: language, bleuTokenizer, smoothing, lowercase, stem, perSegment } = given;
    const wanted = {
      metrics,
      options: {
        ...{ language, smoothing, lowercase, stem, perSegment, onWarning: context.warn },
        ...(bleuTokenizer === undefined ? {} : { tokenizer: bleuTokenizer }),
      },
    };
    if (given.model === undefined) {
      const [predictions, references] = [
        await readTexts(given.predictions!),
        await readReferences(given.references!),
      ];
      const scores = evaluateText({ ...wanted, predictions, references });
      return { json: scoresJson(scores), text: scoresText(scores, context.messages) };
    }
    const { score, tasks, predictions } = await evaluateWithModel(given, context);
    if (given.predictionsOutput !== undefined) {
      const lines = tasks.map(({ prompt, reference }, index) =>
        JSON.stringify({ prompt, prediction: predictions[index], reference }),
      );
      await replaceFile(given.predictionsOutput, lines.map((line) => `${line}\n`).join(""));
    }
    const { loss, perplexity, tokens } = score;
    const { words } = context.messages;
    const references = tasks.map(({ reference }) => reference);
    const scores = tasks.length > 0 ? evaluateText({ ...wanted, predictions, references }) : null;
    return {
      json: { loss, perplexity, tokens, rows: score.rows.length, ...(scores ? scoresJson(scores) : {}) },
      text: [
        formatTable(
          [words.rows, words.labels, words.loss, words.perplexity],
          [[score.rows.length, tokens, loss, perplexity]],
        ),
        ...(scores ? ["", scoresText(scores, context.messages)] : []),
      ].join("\n"),
    };
  },
});
