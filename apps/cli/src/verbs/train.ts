import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  attach,
  linearPlaces,
  loadAdapter,
  parameterTable,
  saveAdapter,
  selectTargets,
  trainableParameters,
} from "@lathe/peft";
import {
  resolveTrainConfig,
  RunFolder,
  type StepReport,
  train,
  type TrainConfig,
  trainDefaults,
} from "@lathe/train";
import { tensorMemory } from "@lathe/tensor";
import { EXIT_INTERRUPTED } from "../framework/failure.js";
import { formatBytes, formatDuration } from "../framework/progress.js";
import { table } from "../framework/table.js";
import { defineVerb, type VerbContext } from "../framework/verb.js";
import { type ModelFolder, openModel, readModelFolder } from "../model/open-model.js";
import { readTrainingRows, type TrainingRows } from "../rows/training-rows.js";
import { loraConfigOf, withInitAdapter } from "../training/adapter-config.js";
import { adapterFiles } from "../training/adapter-files.js";
import { checkOutput } from "../training/check-output.js";
import { resumedOptions, storedOptions } from "../training/resume-options.js";
import { runTotals } from "../training/run-totals.js";
import { trainOptions, type TrainVerbOptions } from "../training/train-options.js";

const REJECTED_FILE = "rejected.jsonl";

/** Options of a run that is about to begin or to go on. */
type RunOptions = TrainVerbOptions & { readonly model: string; readonly data: string };

/** The rows of a run, and those that could not be used. */
interface RunRows {
  readonly training: TrainingRows;
  readonly validation: TrainingRows | null;
}

function trainConfigOf(options: TrainVerbOptions): TrainConfig {
  const keys = Object.keys(trainDefaults) as (keyof TrainConfig)[];
  return resolveTrainConfig(Object.fromEntries(keys.map((key) => [key, options[key]])));
}

async function readRows(
  options: RunOptions,
  folder: ModelFolder,
  { messages, warn }: VerbContext,
): Promise<RunRows> {
  const limits = {
    maxTokens: options.maxTokens ?? folder.config.maxPositions,
    rejectLimit: options.rejectLimit,
  };
  const read = async (file: string): Promise<TrainingRows> => {
    const rows = await readTrainingRows(file, folder, limits);
    const { truncated, unscored, rejected } = rows;
    if (rejected.length > 0)
      warn(`${file}: ${messages.rowsSetAside(rejected.length, join(options.output, REJECTED_FILE))}`);
    if (unscored > 0) warn(`${file}: ${messages.rowsUnscored(unscored)}`);
    if (truncated > 0) warn(`${file}: ${messages.rowsCut(truncated, limits.maxTokens)}`);
    return rows;
  };
  return {
    training: await read(options.data),
    validation: options.validation === undefined ? null : await read(options.validation),
  };
}

function rowCounts({ training, validation }: RunRows): Record<string, unknown> {
  const count = ({ rows, read, rejected, unscored, truncated }: TrainingRows): Record<string, number> => ({
    ...{ read, used: rows.length, rejected: rejected.length, unscored, truncated },
  });
  return { train: count(training), validation: validation ? count(validation) : null };
}

async function openRun(options: RunOptions, { training, validation }: RunRows): Promise<RunFolder> {
  if (options.resume) return RunFolder.open(options.output);
  const run = await RunFolder.create(options.output, { overwrite: options.overwrite });
  await run.writeConfig(storedOptions(options));
  const rejected = [...training.rejected, ...(validation?.rejected ?? [])];
  if (rejected.length > 0) {
    await writeFile(
      join(run.path, REJECTED_FILE),
      rejected.map((row) => `${JSON.stringify(row)}\n`).join(""),
    );
  }
  return run;
}

export const trainVerb = defineVerb({
  name: "train",
  summary: "Fine-tune a model with LoRA and write an adapter",
  description:
    "RUN/adapter is a PEFT folder, RUN/metrics.jsonl has a line for every optimiser step. Ctrl-C writes a checkpoint; --resume goes on from it, to the same bits.",
  examples: [
    "lathe train --model models/base --data prepared/train.arrow --validation prepared/validation.arrow --output runs/first",
    "lathe train --config run.yaml --learning-rate 1e-4 --output runs/second",
    "lathe train --output runs/first --resume",
  ],
  options: trainOptions,
  async run(asked, context) {
    const { given, messages, note, signal, warn } = context;
    const settled = (asked.resume ? await resumedOptions(asked, given) : asked) as RunOptions;
    const config = trainConfigOf(settled);
    if (!settled.resume) await checkOutput(settled);
    const folder = await readModelFolder(settled.model);
    const options = (
      settled.resume ? settled : await withInitAdapter(settled, given, folder.config)
    ) as RunOptions;
    // Targets that are not there are found before the weights are read.
    const lora = loraConfigOf(options);
    selectTargets(linearPlaces(folder.config), lora);
    const rows = await readRows(options, folder, context);
    signal.throwIfAborted();

    const { model, engine } = await openModel(folder, { ...options, adapter: undefined }, context);
    try {
      model.checkpointing = options.checkpointing;
      const earlier = options.resume ? await RunFolder.open(options.output) : null;
      const resumedStep = (await earlier?.checkpointSteps())?.at(-1) ?? 0;
      if (options.initAdapter !== undefined && resumedStep === 0) {
        await loadAdapter(model, options.initAdapter, { dropout: options.dropout, onWarning: warn });
      } else {
        attach(model, lora, { onWarning: warn });
      }
      const parameters = parameterTable(model);
      note(parameters.text);
      signal.throwIfAborted();

      const run = await openRun(options, rows);
      if (resumedStep > 0) note(messages.resuming(resumedStep));
      const bar = context.progress({ label: messages.training, start: resumedStep, every: options.logEvery });
      let evaluation: ReturnType<VerbContext["progress"]> | null = null;
      let last: StepReport | null = null;
      try {
        for await (const step of train({
          parameters: trainableParameters(model),
          loss: (batch) => model.loss(batch),
          rows: rows.training.rows,
          ...(rows.validation ? { validation: rows.validation.rows } : {}),
          config,
          run,
          files: adapterFiles(model, options.model),
          resume: options.resume,
          signal,
          onEvaluation(done, total) {
            bar.end();
            evaluation ??= context.progress({ label: messages.evaluating });
            evaluation.update(done, total);
          },
        })) {
          (evaluation as ReturnType<VerbContext["progress"]> | null)?.end();
          evaluation = null;
          last = step;
          bar.update(
            step.step,
            step.totalSteps,
            [
              `${messages.loss} ${step.loss.toFixed(4)}`,
              messages.tokensPerSecond(step.tokensPerSecond.toFixed(0)),
              formatBytes(step.residentBytes),
            ].join(" · "),
          );
          if (step.validationLoss !== undefined) {
            const perplexity = Math.exp(step.validationLoss).toFixed(2);
            bar.note(messages.validation(step.step, step.validationLoss.toFixed(4), perplexity));
          }
        }
      } finally {
        bar.end();
        (evaluation as ReturnType<VerbContext["progress"]> | null)?.end();
      }

      const totals = await runTotals(run);
      const isInterrupted = signal.aborted && (last === null || last.step < last.totalSteps);
      const json = {
        ...totals,
        adapter: isInterrupted ? null : join(options.output, "adapter"),
        run: options.output,
        engine: engine.name,
        precision: engine.precision,
        interrupted: isInterrupted,
        trainableParameters: parameters.trainable,
        allParameters: parameters.all,
        rows: rowCounts(rows),
        memory: { residentBytes: process.memoryUsage().rss, tensorBytes: tensorMemory().bytes },
      };
      if (isInterrupted) {
        note(messages.interrupted(totals.steps, options.output));
        return { json, text: "", exitCode: EXIT_INTERRUPTED };
      }
      await saveAdapter(model, run.adapterPath, { baseModel: options.model });
      await run.writeJson("report.json", json);
      const { loss, validationLoss, seconds, tokensPerSecond } = totals;
      return {
        json,
        text: [
          messages.trained(totals.steps, formatDuration(seconds)),
          table(
            ["loss", "validation loss", "tokens", "tokens/s"],
            [[loss, validationLoss, totals.tokens, tokensPerSecond]],
          ),
          messages.adapterAt(join(options.output, "adapter")),
        ].join("\n"),
      };
    } finally {
      model.dispose();
    }
  },
});
