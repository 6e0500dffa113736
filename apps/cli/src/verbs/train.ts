import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EXIT_INTERRUPTED, formatBytes, formatDuration, formatTable, type VerbResult } from "@lathe/command";
import {
  attach,
  loadAdapter,
  parameterTable,
  type ParameterTable,
  saveAdapter,
  selectTargets,
  trainableParameters,
} from "@lathe/peft";
import { type LanguageModel, linearPlaces, openCheckpoint } from "@lathe/model";
import { tensorMemory } from "@lathe/tensor";
import {
  largestMicroBatch,
  parseBytes,
  resolveTrainConfig,
  RunFolder,
  supervised,
  train,
  type TrainConfig,
  trainDefaults,
} from "@lathe/train";
import { defineVerb, type VerbContext } from "../define-verb.js";
import { type ModelFolder, openModel, type OpenModel, readModelFolder } from "../model/open-model.js";
import { weightBytes } from "../model/estimate-memory.js";
import { readTrainingRows, type TrainingRows } from "../rows/training-rows.js";
import { loraConfigOf, withInitAdapter } from "../training/adapter-config.js";
import { adapterFiles } from "../training/adapter-files.js";
import { chooseCheckpointing } from "../training/choose-checkpointing.js";
import { parameterText } from "../training/parameter-text.js";
import { checkOutput } from "../training/check-output.js";
import { resumedOptions, storedOptions } from "../training/resume-options.js";
import { runTotals } from "../training/run-totals.js";
import { trainOptions, type TrainVerbOptions } from "../training/train-options.js";

const REJECTED_FILE = "rejected.jsonl";

/** Options with all that a run needs. */
type RunOptions = TrainVerbOptions & { readonly model: string; readonly data: string };

/** The rows of a run, and those that could not be used. */
interface RunRows {
  readonly training: TrainingRows;
  readonly validation: TrainingRows | null;
}

/** Everything a run needs, checked; nothing is written yet. */
interface PreparedRun {
  readonly options: RunOptions;
  readonly config: TrainConfig;
  readonly folder: ModelFolder;
  readonly rows: RunRows;
  /** Last step of an earlier part of the run, 0 for none. */
  readonly resumedStep: number;
}

export const trainVerb = defineVerb({
  description:
    "RUN/adapter is a PEFT folder, RUN/metrics.jsonl has a line for every optimiser step. Ctrl-C writes a checkpoint; --resume goes on from it, to the same bits.",
  examples: [
    "lathe train --model models/base --data prepared/train.arrow --validation prepared/validation.arrow --output runs/first",
    "lathe train --config run.yaml --learning-rate 1e-4 --output runs/second",
    "lathe train --output runs/first --resume",
  ],
  options: trainOptions,
  async run(asked, context) {
    const prepared = await prepareRun(asked, context);
    const { options, folder } = prepared;
    const opened = await openModel(folder, { ...options, adapter: undefined }, context);
    try {
      await attachAdapter(prepared, opened, context);
      const parameters = parameterTable(opened.model);
      context.note(parameterText(parameters, context.messages));
      opened.model.checkpointing = await checkpointingOf(prepared, opened, parameters, context);
      context.signal.throwIfAborted();
      const run = await openRun(prepared);
      const isComplete = await runSteps(prepared, opened, run, context);
      if (isComplete) await saveAdapter(opened.model, run.adapterPath, { baseModel: options.model });
      return await report(prepared, opened, run, parameters, isComplete, context);
    } finally {
      opened.model.dispose();
    }
  },
});

async function prepareRun(asked: TrainVerbOptions, context: VerbContext): Promise<PreparedRun> {
  const { given, signal } = context;
  const settled = (asked.resume ? await resumedOptions(asked, given) : asked) as RunOptions;
  const config = trainConfigOf(settled);
  if (!settled.resume) await checkOutput(settled);
  const folder = await readModelFolder(settled.model);
  const options = settled.resume ? settled : await withInitAdapter(settled, given, folder.config);
  // Targets that are not there are found before the weights are read.
  selectTargets(linearPlaces(folder.config), loraConfigOf(options));
  const rows = await readRows(options, folder, context);
  signal.throwIfAborted();
  const earlier = options.resume ? await RunFolder.open(options.output) : null;
  const resumedStep = (await earlier?.checkpointSteps())?.at(-1) ?? 0;
  return { options, config, folder, rows, resumedStep };
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
  const maxTokens = options.maxTokens ?? folder.config.maxPositions;
  const read = async (file: string): Promise<TrainingRows> => {
    const rows = await readTrainingRows(file, folder, { maxTokens, rejectLimit: options.rejectLimit });
    const { truncated, unscored, rejected } = rows;
    const list = join(options.output, REJECTED_FILE);
    if (rejected.length > 0) warn(`${file}: ${messages.rowsSetAside(rejected.length, list)}`);
    if (unscored > 0) warn(`${file}: ${messages.rowsUnscored(unscored)}`);
    if (truncated > 0) warn(`${file}: ${messages.rowsCut(truncated, maxTokens)}`);
    return rows;
  };
  return {
    training: await read(options.data),
    validation: options.validation === undefined ? null : await read(options.validation),
  };
}

/** Puts the adapter on the model. A checkpoint brings its values, so an adapter to start from is then not needed. */
async function attachAdapter(
  { options, resumedStep }: PreparedRun,
  { model }: OpenModel,
  { warn }: VerbContext,
): Promise<void> {
  if (options.initAdapter !== undefined && resumedStep === 0) {
    await loadAdapter(model, options.initAdapter, { dropout: options.dropout, onWarning: warn });
  } else {
    attach(model, loraConfigOf(options), { onWarning: warn });
  }
}

/** The policy that was asked for, or the one that fits the memory. */
async function checkpointingOf(
  { options, config, rows }: PreparedRun,
  { model, engine }: OpenModel,
  parameters: ParameterTable,
  { messages, note, warn }: VerbContext,
): Promise<LanguageModel["checkpointing"]> {
  if (options.checkpointing !== "auto") return options.checkpointing;
  const checkpoint = await openCheckpoint(options.model);
  try {
    const choice = await chooseCheckpointing(
      {
        config: model.config,
        weightBytes: weightBytes(model.config, checkpoint, options.quantize, engine.weightMemory !== null),
        parameters,
        rank: Math.max(options.rank, ...Object.values(options.rankPattern)),
        precision: engine.precision,
        ...largestMicroBatch(rows.training.rows, config),
      },
      options.memory === undefined ? null : parseBytes(options.memory),
      engine.deviceBytes,
    );
    const { recomputedLayers, expectedBytes, budgetBytes } = choice;
    const shown = [formatBytes(expectedBytes), formatBytes(budgetBytes)] as const;
    if (expectedBytes > budgetBytes) warn(messages.memoryShort(...shown));
    else if (recomputedLayers > 0 || options.memory !== undefined) {
      note(messages.memoryPlan(recomputedLayers, model.config.layerCount, ...shown));
    }
    return choice.checkpointing;
  } finally {
    await checkpoint.close();
  }
}

/** The folder of the run: the first thing that is written. */
async function openRun({ options, rows }: PreparedRun): Promise<RunFolder> {
  if (options.resume) return RunFolder.open(options.output);
  const run = await RunFolder.create(options.output, { overwrite: options.overwrite });
  await run.writeConfig(storedOptions(options));
  const rejected = [...rows.training.rejected, ...(rows.validation?.rejected ?? [])];
  if (rejected.length > 0) {
    const lines = rejected.map((row) => `${JSON.stringify(row)}\n`);
    await writeFile(join(run.path, REJECTED_FILE), lines.join(""));
  }
  return run;
}

/** Trains and shows it. @returns false when the run was interrupted before its last step */
async function runSteps(
  { options, config, rows, resumedStep }: PreparedRun,
  { model, engine }: OpenModel,
  run: RunFolder,
  { messages, note, progress, signal, warn }: VerbContext,
): Promise<boolean> {
  if (resumedStep > 0) note(messages.resuming(resumedStep));
  const training = progress({ label: messages.training, every: options.logEvery });
  const evaluating = progress({ label: messages.evaluating });
  try {
    const steps = train({
      parameters: trainableParameters(model),
      objective: supervised(model),
      rows: rows.training.rows,
      ...(rows.validation ? { validation: rows.validation.rows } : {}),
      config,
      run,
      files: adapterFiles(model, options.model),
      ...(engine.precision === "fp16" ? { lossScale: {} } : {}),
      resume: options.resume,
      signal,
      onWarning: warn,
      onEvaluation(done, total) {
        training.end();
        evaluating.update(done, total);
      },
    });
    let next = await steps.next();
    for (; !next.done; next = await steps.next()) {
      const { step, totalSteps, loss, tokensPerSecond, residentBytes, validationLoss } = next.value;
      evaluating.end();
      const details = [
        `${messages.words.loss} ${loss.toFixed(4)}`,
        messages.tokensPerSecond(tokensPerSecond.toFixed(0)),
        formatBytes(residentBytes),
      ];
      training.update(step, totalSteps, ...details);
      if (validationLoss !== undefined) {
        const perplexity = Math.exp(validationLoss).toFixed(2);
        training.note(messages.validation(step, validationLoss.toFixed(4), perplexity));
      }
    }
    return next.value.completed;
  } finally {
    training.end();
    evaluating.end();
  }
}

async function report(
  { options, rows }: PreparedRun,
  { engine }: OpenModel,
  run: RunFolder,
  parameters: ParameterTable,
  isComplete: boolean,
  { messages, note }: VerbContext,
): Promise<VerbResult> {
  const totals = await runTotals(run);
  const adapter = join(options.output, "adapter");
  const json = {
    ...totals,
    adapter: isComplete ? adapter : null,
    run: options.output,
    engine: engine.name,
    precision: engine.precision,
    interrupted: !isComplete,
    trainableParameters: parameters.trainable,
    allParameters: parameters.all,
    rows: rowCounts(rows),
    memory: {
      residentBytes: process.memoryUsage.rss(),
      peakResidentBytes: process.resourceUsage().maxRSS * 1024,
      tensorBytes: tensorMemory().bytes,
      peakTensorBytes: tensorMemory().peakBytes,
    },
  };
  const { steps, loss, validationLoss, tokens, seconds, tokensPerSecond } = totals;
  if (!isComplete) {
    note(messages.interrupted(steps, options.output));
    return { json, text: "", exitCode: EXIT_INTERRUPTED };
  }
  await run.writeJson("report.json", json);
  const { words } = messages;
  const head = [words.loss, words.validationLoss, words.tokens, words.tokensPerSecond];
  const text = [
    messages.trained(steps, formatDuration(seconds)),
    formatTable(head, [[loss, validationLoss, tokens, tokensPerSecond]]),
    messages.adapterAt(adapter),
  ];
  return { json, text: text.join("\n") };
}

function rowCounts({ training, validation }: RunRows): Record<string, unknown> {
  const count = ({ rows, read, rejected, unscored, truncated }: TrainingRows): Record<string, number> => ({
    read,
    used: rows.length,
    rejected: rejected.length,
    unscored,
    truncated,
  });
  return { train: count(training), validation: validation ? count(validation) : null };
}
