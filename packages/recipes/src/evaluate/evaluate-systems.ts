import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import {
  type BootstrapOptions,
  type JudgeReport,
  pairedPermutationTest,
  bootstrapScores,
  percentileInterval,
  ReferenceSurvey,
  resolveMetricNames,
  StreamedScores,
  type SystemComparison,
} from "@lathe/eval";
import { DEFAULT_BATCH_SIZE, streamReplies } from "@lathe/eval/model";
import {
  checkWritable,
  hashFile,
  isRecord,
  lockWithin,
  makeFolder,
  OutputFolderError,
  phrase,
  readJsonIfThere,
  replaceFile,
  withLock,
} from "@lathe/files";
import { cutAtStop, type LanguageModel } from "@lathe/model";
import { readAdapterConfig, swapAdapter } from "@lathe/peft";
import { peakResidentBytes } from "@lathe/tensor";
import type { ReportLanguage } from "@lathe/report";
import type { EvaluateModelOptions } from "../evaluate-model.js";
import { withField } from "../fields-of-packages.js";
import { followPolicy, type LearntPolicy, policyOf } from "../model/learnt-policy.js";
import type { ModelFolder } from "../model/model-folder.js";
import { borrowModel, folderOf, pathOf } from "../model/open-model.js";
import { expectation, field, RecipeError } from "../recipe-error.js";
import { progressOf, type RowsEvent, warningOf } from "../recipe-event.js";
import { streamLabelledRows } from "../rows/labelled-rows.js";
import { replyTask, type ReplyTask } from "../rows/reply-tasks.js";
import { rowsHash } from "../rows/rows-hash.js";
import { isRowSource, type RowsInput } from "../rows/rows-input.js";
import { sourceOf } from "../rows/training-rows.js";
import { findContamination } from "./find-contamination.js";
import {
  measureModelMetrics,
  type ModelMetricsOptions,
  type ScoredRow,
  textMetricsOf,
} from "./model-metrics.js";
import { notableRows } from "./notable-rows.js";
import { PredictionFile, readPredictions } from "./prediction-file.js";
import { lossScore, lossStatistics, type RowLosses, rowLosses } from "./row-losses.js";
import { type AdapterRun, runOfAdapter } from "./run-of-adapter.js";
import { readSystemRecord, type SystemRecord, writeSystemRecord } from "./system-record.js";
import type { GenerationPace, PerplexityComparison, SystemsEvaluation } from "./systems-evaluation.js";
import { checkPredictionsOutput, writePredictionsOutput } from "./predictions-output.js";
import { writeEvaluationReports } from "./write-reports.js";

/** Metrics where none are named. */
const METRICS: readonly string[] = ["bleu", "rouge"];

/** Rows scored at one time: few, so that their texts are let go before V8 counts them among what stays. */
const ROWS_AT_ONCE = 128;

const REQUEST_FILE = "evaluation.json";
const REQUEST_BYTES_LIMIT = 1024 * 1024;

/** What {@link evaluateSystems} measures on which rows. */
export interface EvaluateSystemsOptions extends Omit<EvaluateModelOptions, "adapter">, ModelMetricsOptions {
  /** Adapter folders: each is a system beside the base. @defaultValue none */
  readonly adapters?: readonly string[] | undefined;
  /** Whether the model without adapters is a system where there are any. @defaultValue true */
  readonly base?: boolean | undefined;
  /** Rows of general text: what a system has forgotten shows in their perplexity. */
  readonly probe?: RowsInput | undefined;
  /**
   * Folder for the replies and the reports. Replies are written as they are complete, so that a killed evaluation can go on.
   * @defaultValue none: replies lie in a temporary folder until they are scored
   */
  readonly output?: string | undefined;
  /** Goes on with the evaluation in `output`. @defaultValue false */
  readonly resume?: boolean | undefined;
  /** Of the page. @defaultValue "en" */
  readonly language?: ReportLanguage | undefined;
  /**
   * File for the replies of the last system, as JSON lines with prompt, prediction and reference. It appears when all are scored.
   * @defaultValue none
   */
  readonly predictionsOutput?: string | undefined;
}

/** A system before it is measured. */
interface System {
  readonly name: string;
  readonly adapter: string | null;
  readonly run: AdapterRun | null;
  readonly predictions: string;
  readonly record: string;
}

/** Options that say what of a row is scored. */
type SettledOptions = EvaluateSystemsOptions & { readonly learnt: LearntPolicy };

/** Everything that is known before the first system is measured. */
interface Prepared {
  readonly options: SettledOptions;
  readonly folder: ModelFolder;
  readonly data: RowsInput;
  readonly probe: RowsInput | undefined;
  readonly rows: number;
  readonly probeRows: number;
  readonly survey: ReferenceSurvey;
  readonly replies: number;
  readonly systems: readonly System[];
}

/**
 * Measures systems on the same rows: a model, and the model with each of some adapters. Each is measured for the perplexity of
 * the rows, and replies to them; the replies are scored and compared with those of the first system. The weights are read once, rows
 * and replies one after the other.
 *
 * @throws RecipeError naming the field, UnknownMetricError, RowError with file and line, AdapterFileError
 * @throws OutputFolderError, LockedError, FileError for the folder; EngineError and what reading a model throws
 * @throws the signal's reason when it aborts; with a folder the evaluation can go on
 */
export async function evaluateSystems(options: EvaluateSystemsOptions): Promise<SystemsEvaluation> {
  try {
    const { output, predictionsOutput, data } = options;
    checkOptions(options);
    if (predictionsOutput !== undefined) await checkPredictionsOutput(predictionsOutput, data);
    if (output === undefined) {
      const temporary = await mkdtemp(join(tmpdir(), "lathe-evaluation-"));
      try {
        return await evaluate(options, temporary);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    }
    if (options.resume !== true) await checkFree(output);
    await checkWritable(output);
    await makeFolder(output);
    return await withLock(lockWithin(output), output, async () => await evaluate(options, output));
  } catch (error) {
    throw withField(error);
  }
}

function checkOptions({
  model,
  adapters = [],
  base = true,
  metrics = METRICS,
  output,
  resume,
  ...modelMetrics
}: EvaluateSystemsOptions): void {
  // A name that is not known is found before the work, not after it.
  resolveMetricNames(textMetricsOf(metrics, modelMetrics).texts);
  if (typeof model !== "string" && adapters.length > 0) {
    throw new RecipeError([
      expectation("adapters", "none beside a model that is open already", String(adapters.length)),
    ]);
  }
  if (!base && adapters.length === 0) {
    throw new RecipeError([expectation("base", "true where there are no adapters", "false")]);
  }
  if (resume && output === undefined) {
    throw new RecipeError([expectation("output", "the folder of the evaluation to go on with", "nothing")]);
  }
}

/** @throws OutputFolderError */
async function checkFree(output: string): Promise<void> {
  const entries = await readdir(output).catch(() => []);
  if (entries.length > 0) {
    throw new OutputFolderError(
      output,
      "an empty folder, or none",
      "one with files in it",
      "give another folder, or resume the evaluation in it",
    );
  }
}

async function evaluate(asked: EvaluateSystemsOptions, output: string): Promise<SystemsEvaluation> {
  const prepared = await prepareEvaluation(asked, output);
  const { options, folder, systems, replies, survey } = prepared;
  const { bootstrap = {}, onEvent, signal } = options;
  const records = await measureSystems(prepared);
  const scored = replies === 0 ? null : await scoreReplies(prepared, survey, output);
  const scores = scored && scored.scores;
  const training = systems.flatMap(({ run }) => (run?.data ? [run.data] : []));
  const { data } = options;
  const contamination = typeof data === "string" ? await findContamination(data, training, signal) : [];
  const isKept = options.output !== undefined;
  const evaluation: SystemsEvaluation = {
    rows: prepared.rows,
    replies,
    systems: await Promise.all(
      systems.map(async ({ name, adapter, run, predictions }, place) => ({
        name,
        adapter,
        data: lossScore(records[place].data!, bootstrap),
        probe: records[place].probe ? lossScore(records[place].probe, bootstrap) : null,
        pace: replies === 0 ? null : await paceOf(predictions, records[place]),
        predictions: isKept && replies > 0 ? predictions : null,
        run: run && { path: run.path, data: run.data, facts: run.facts },
      })),
    ),
    perplexities: comparePerplexities(systems, records, bootstrap),
    scores: scores && withoutRows(scores, options.metricOptions?.perSegment === true),
    judge: scored && scored.judge,
    notable: scores && notableRows(scores),
    contamination,
    peakResidentBytes: peakResidentBytes(),
  };
  if (isKept) {
    const title = `${basename(resolve(folder.path))}: ${sourceOf(options.data, "data")}`;
    await writeEvaluationReports(output, evaluation, {
      title,
      language: options.language ?? "en",
      perRow: scores,
      files: systems.map(({ predictions }) => predictions),
      runs: systems.map(({ run }) => run),
    });
  }
  if (options.predictionsOutput !== undefined) {
    const replied = replies > 0 ? systems[systems.length - 1].predictions : null;
    await writePredictionsOutput(options.predictionsOutput, replied);
  }
  onEvent?.({ type: "progress", phase: "generating", done: replies, total: replies });
  return evaluation;
}

/** The comparison without scores a row, which only reports need, unless they were asked for. */
function withoutRows(scores: SystemComparison, perSegment: boolean): SystemComparison {
  if (perSegment) return scores;
  return { ...scores, systems: scores.systems.map(({ perSegment: _, ...system }) => system) };
}

/** Rows that can be gone through more than once. */
async function againAndAgain(input: RowsInput): Promise<RowsInput> {
  if (typeof input === "string" || Array.isArray(input) || isRowSource(input)) return input;
  const rows: unknown[] = [];
  for await (const row of input) rows.push(row);
  return rows;
}

async function prepareEvaluation(asked: EvaluateSystemsOptions, output: string): Promise<Prepared> {
  const { model, limit, metrics = METRICS, adapters = [], onEvent } = asked;
  const folder = await folderOf(model, onEvent);
  for (const adapter of adapters) await readAdapterConfig(adapter);
  const policies =
    adapters.length === 0
      ? [folder.policy]
      : await Promise.all(adapters.map((adapter) => policyOf(folder, adapter)));
  // The same labels for all systems, or their losses could not be compared.
  const learnt = followPolicy(asked.learnt ?? {}, policies, ["reasoning", "lossOn"], onEvent);
  const options = { ...asked, learnt };
  const systems = await systemsOf(options, output);
  const data = await againAndAgain(options.data);
  const probe = options.probe === undefined ? undefined : await againAndAgain(options.probe);
  const survey = new ReferenceSurvey();
  let [rows, replies, long, probeRows] = [0, 0, 0, 0];
  for await (const row of streamLabelledRows(data, "data", folder, options.learnt, limit)) {
    rows++;
    if (row.inputIds.length > folder.config.maxPositions) long++;
    const task =
      (metrics.length === 0 && options.judge === undefined) || !folder.tokenizer
        ? null
        : replyTask(row, folder.tokenizer, options.learnt.reasoning);
    if (task === null) continue;
    survey.add([task.reference]);
    replies++;
  }
  if (rows === 0) throw new RecipeError([expectation("data", "at least one row", "none")]);
  if (probe !== undefined) {
    for await (const _ of streamLabelledRows(probe, "probe", folder, options.learnt)) probeRows++;
    if (probeRows === 0) throw new RecipeError([expectation("probe", "at least one row", "none")]);
  }
  const tell = (outcome: RowsEvent["outcome"], count: number, more: Partial<RowsEvent> = {}): void => {
    if (count === 0) return;
    onEvent?.({ type: "rows", source: sourceOf(options.data, "data"), outcome, count, total: rows, ...more });
  };
  tell("long", long, { limit: folder.config.maxPositions });
  if (metrics.length > 0) tell("without-reply", rows - replies);
  await keepRequest(options, output, { rows, replies, probeRows });
  return { options, folder, data, probe, rows, probeRows, survey, replies, systems };
}

/** Writes down what is measured, or holds what is asked for to what a killed evaluation measured. @throws RecipeError */
async function keepRequest(
  options: SettledOptions,
  output: string,
  counts: Readonly<Record<string, number>>,
): Promise<void> {
  const { model, adapters = [], data, probe, limit, generation = {}, quantize, precision } = options;
  const weights = adapters.map((adapter) =>
    hashFile(join(adapter, "adapter_model.safetensors")).catch(() => null),
  );
  const request: Readonly<Record<string, unknown>> = {
    model: resolve(pathOf(model)),
    adapters: (await Promise.all(weights)).map((file, place) => file?.sha256 ?? adapters[place]),
    data: await rowsHash(data, "measuring"),
    probe: await rowsHash(probe, "measuring"),
    limit: limit ?? null,
    generation,
    learnt: options.learnt,
    quantize: quantize ?? null,
    precision: precision ?? null,
    ...counts,
  };
  const path = join(output, REQUEST_FILE);
  const before = await readJsonIfThere(path, { limit: REQUEST_BYTES_LIMIT });
  if (before === undefined || before === null) {
    await replaceFile(path, `${JSON.stringify(request, null, 2)}\n`);
    return;
  }
  const stored = isRecord(before) ? before : {};
  const different = Object.keys(request).filter(
    (key) => JSON.stringify(stored[key]) !== JSON.stringify(request[key]),
  );
  if (different.length === 0) return;
  const sentence = phrase`${field("resume")}: the evaluation in ${output} is of other settings, which differ in ${different.join(", ")}: give the same, or another folder`;
  throw new RecipeError([{ field: "resume", sentence }]);
}

/** The systems, each by a name of its own. */
async function systemsOf(
  { adapters = [], base = true }: EvaluateSystemsOptions,
  output: string,
): Promise<System[]> {
  const short = adapters.map((adapter) => {
    const name = basename(resolve(adapter));
    return name === "adapter" ? basename(dirname(resolve(adapter))) : name;
  });
  const isAlone = (name: string): boolean =>
    name !== "base" && short.indexOf(name) === short.lastIndexOf(name);
  const named = short.map((name, place) => (isAlone(name) ? name : adapters[place]));
  const all = [
    ...(base || adapters.length === 0 ? [{ name: "base", adapter: null }] : []),
    ...named.map((name, place) => ({ name, adapter: adapters[place] })),
  ];
  return await Promise.all(
    all.map(async ({ name, adapter }, place) => {
      const file = `${place}-${name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "_").slice(-80)}`;
      return {
        name,
        adapter,
        run: adapter === null ? null : await runOfAdapter(adapter),
        predictions: join(output, "predictions", `${file}.jsonl`),
        record: join(output, "systems", `${file}.json`),
      };
    }),
  );
}

/** Measures what is not measured yet. */
async function measureSystems(prepared: Prepared): Promise<SystemRecord[]> {
  const { options, folder, systems } = prepared;
  const records = await Promise.all(systems.map(({ record }) => readSystemRecord(record)));
  const isComplete = ({ data, probe, generation }: SystemRecord): boolean =>
    data !== undefined &&
    (probe !== undefined || prepared.probe === undefined) &&
    (generation !== undefined || prepared.replies === 0);
  if (records.every(isComplete)) return records;
  const { opened, release } = await borrowModel(options.model, folder, {
    ...options,
    adapter: undefined,
    cache: options.generation?.cache,
  });
  try {
    for (const [place, system] of systems.entries()) {
      if (isComplete(records[place])) continue;
      if (options.adapters !== undefined && options.adapters.length > 0) {
        await swapAdapter(opened.model, system.adapter, { onWarning: warningOf(options.onEvent) });
      }
      records[place] = await measureSystem(prepared, opened.model, system, records[place]);
    }
  } finally {
    release();
  }
  return records;
}

async function measureSystem(
  prepared: Prepared,
  model: LanguageModel,
  system: System,
  before: SystemRecord,
): Promise<SystemRecord> {
  const { options, folder, data, probe, rows, probeRows, replies } = prepared;
  let record = before;
  const keep = async (part: SystemRecord): Promise<void> => {
    record = { ...record, ...part };
    await writeSystemRecord(system.record, record);
  };
  const losses = async (input: RowsInput, key: "data" | "probe", total: number): Promise<RowLosses> => {
    const onProgress = progressOf(options.onEvent, "scoring");
    const limit = key === "data" ? options.limit : undefined;
    return await rowLosses(
      model,
      streamLabelledRows(input, key, folder, options.learnt, limit),
      folder.tokenizer,
      {
        tokensPerBatch: options.tokensPerBatch,
        signal: options.signal,
        onRows: (done) => onProgress(done, total),
      },
    );
  };
  if (record.data === undefined) await keep({ data: await losses(data, "data", rows) });
  if (record.probe === undefined && probe !== undefined) {
    await keep({ probe: await losses(probe, "probe", probeRows) });
  }
  if (record.generation === undefined && replies > 0) {
    await keep({ generation: await generateReplies(prepared, model, system) });
  }
  return record;
}

/** Has a system reply to the rows that it has not replied to. */
async function generateReplies(
  { options, folder, data, replies }: Prepared,
  model: LanguageModel,
  system: System,
): Promise<NonNullable<SystemRecord["generation"]>> {
  const { stop = [], ...sampling } = options.generation ?? {};
  const { batchSize = DEFAULT_BATCH_SIZE, signal, onEvent } = options;
  const tokenizer = folder.tokenizer!;
  const file = await PredictionFile.open(system.predictions, replies);
  const begun = performance.now();
  let tokens = 0;
  try {
    let done = file.count;
    const onProgress = progressOf(onEvent, "generating");
    onProgress(done, replies);
    const waiting = new Map<number, { readonly row: number; readonly task: ReplyTask }>();
    const prompts = async function* (): AsyncGenerator<Int32Array, void, undefined> {
      let [row, prompt] = [0, 0];
      for await (const one of streamLabelledRows(data, "data", folder, options.learnt, options.limit)) {
        const task = replyTask(one, tokenizer, options.learnt.reasoning);
        if (task === null || file.has(row++)) continue;
        waiting.set(prompt++, { row: row - 1, task });
        yield task.promptIds;
      }
    };
    const streamed = streamReplies(model, prompts(), {
      ...sampling,
      batchSize,
      ...(signal ? { signal } : {}),
      // A row's random numbers are its own, also where an evaluation goes on.
      streams: (prompt) => waiting.get(prompt)!.row,
      tokenizer,
      stop,
      onToken: () => tokens++,
      onWarning: warningOf(onEvent),
    });
    for await (const { prompt, ids, finishReason, firstTokenSeconds, seconds } of streamed) {
      const { row, task } = waiting.get(prompt)!;
      waiting.delete(prompt);
      const text = tokenizer.decode(ids);
      await file.append({
        row,
        prompt: task.prompt,
        prediction: (cutAtStop(text, stop) ?? text).trim(),
        reference: task.reference,
        tokens: ids.length,
        finishReason,
        firstTokenSeconds,
        seconds,
      });
      onProgress(++done, replies);
    }
    const seconds = (performance.now() - begun) / 1000;
    await file.sort();
    return { tokens, seconds, batchSize };
  } finally {
    await file.close();
  }
}

async function scoreReplies(
  { options, systems, replies }: Prepared,
  survey: ReferenceSurvey,
  output: string,
): Promise<{ readonly scores: SystemComparison; readonly judge: JudgeReport | null }> {
  const { metrics = METRICS, metricOptions = {}, reasoning, bootstrap, onEvent } = options;
  const facts = survey.facts(metricOptions.language);
  const scores = new StreamedScores({
    systems,
    metrics: textMetricsOf(metrics, options).texts,
    options: { ...metricOptions, perSegment: true, onWarning: warningOf(onEvent) },
    facts,
    ...(reasoning ? { reasoning } : {}),
    ...(bootstrap ? { bootstrap } : {}),
  });
  for (const [system, { predictions }] of systems.entries()) {
    let texts: string[] = [];
    let references: string[][] = [];
    for await (const { prediction, reference } of readPredictions(predictions)) {
      texts.push(prediction);
      references.push([reference]);
      if (texts.length < ROWS_AT_ONCE) continue;
      scores.add(system, texts, references);
      [texts, references] = [[], []];
    }
    scores.add(system, texts, references);
  }
  const files = systems.map(({ predictions }) => predictions);
  const byModels = await measureModelMetrics({
    judge: options.judge,
    judgeAnswers: options.judgeAnswers ?? join(output, "judge.jsonl"),
    embeddingModel: options.embeddingModel,
    metrics,
    systems: systems.map(({ name }) => name),
    language: facts.language,
    reasoning: reasoning ?? "strip",
    count: replies,
    rows: () => rowsOf(files),
    engine: options.engine,
    precision: options.precision,
    signal: options.signal,
    onEvent,
  });
  return { scores: scores.compare(byModels.metrics), judge: byModels.judge };
}

/** Rows with the replies of all systems, from files in the order of the rows. */
async function* rowsOf(files: readonly string[]): AsyncGenerator<ScoredRow, void, undefined> {
  const [first, ...others] = files.map((file) => readPredictions(file));
  try {
    for await (const { prompt, reference, prediction } of first) {
      const rows = await Promise.all(others.map((file) => file.next()));
      const replies = [prediction, ...rows.map(({ value }) => value!.prediction)];
      yield { question: prompt, references: [reference], replies };
    }
  } finally {
    await Promise.all(others.map((file) => file.return()));
  }
}

async function paceOf(path: string, { generation }: SystemRecord): Promise<GenerationPace> {
  const first: number[] = [];
  let [tokens, cut] = [0, 0];
  for await (const one of readPredictions(path)) {
    first.push(one.firstTokenSeconds);
    tokens += one.tokens;
    if (one.finishReason === "length") cut++;
  }
  const sorted = first.toSorted((a, b) => a - b);
  return {
    replies: first.length,
    tokens,
    tokensPerSecond: generation && generation.tokens > 0 ? generation.tokens / generation.seconds : null,
    firstTokenSeconds: sorted[sorted.length >> 1],
    batchSize: generation?.batchSize ?? null,
    cut,
  };
}

function comparePerplexities(
  systems: readonly System[],
  records: readonly SystemRecord[],
  bootstrap: BootstrapOptions,
): PerplexityComparison[] {
  return (["data", "probe"] as const).flatMap((rows) => {
    const statistics = records.flatMap((record) => (record[rows] ? [lossStatistics(record[rows])] : []));
    if (statistics.length < systems.length) return [];
    const drawn = bootstrapScores(statistics, bootstrap);
    return systems.slice(1).map(({ name }, place) => {
      const { difference, pValue } = pairedPermutationTest(statistics[place + 1], statistics[0]);
      const differences = drawn[place + 1].map((score, resample) => score - drawn[0][resample]);
      const names = [systems[0].name, name] as const;
      return { rows, systems: names, difference, interval: percentileInterval(differences), pValue };
    });
  });
}
