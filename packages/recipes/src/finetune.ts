import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Collective, localCollective } from "@lathe/distributed";
import { type Phrase, phrase, replaceFile } from "@lathe/files";
import { type Checkpointing, openWeights, readModelConfig } from "@lathe/model";
import { adapterNames, detach, type ParameterTable, resolveLoraConfig } from "@lathe/peft";
import { type Engine, peakResidentBytes, type Precision, tensorMemory } from "@lathe/tensor";
import {
  beginAlike,
  dataParallel,
  dpoLoss,
  namedOptimiser,
  originSearch,
  resolveLossSettings,
  resolveTrainConfig,
  RunFolder,
  simpoLoss,
  type SpilledStreams,
  type StatePart,
  type StepReport,
  type TrainConfig,
  type TrainEnd,
} from "@lathe/train";
import type { FinetuneOptions } from "./finetune-options.js";
import { faultsOf, faultsOfSettings, withField } from "./fields-of-packages.js";
import type { PlanCorrection } from "./memory/plan-correction.js";
import { PlanCorrector } from "./memory/plan-corrector.js";
import { memoryBytes } from "./memory/plan-memory.js";
import { chooseStream, streamedStep } from "./memory/choose-stream.js";
import { type PlannedStep, planStep } from "./memory/plan-step.js";
import { remediesSentence } from "./memory/remedy-sentence.js";
import type { ModelFolder } from "./model/model-folder.js";
import {
  borrowModel,
  engineOf,
  folderOf,
  type ModelInput,
  type OpenedModel,
  pathOf,
} from "./model/open-model.js";
import { progressOf, type RowsEvent, warningOf } from "./recipe-event.js";
import { expectation, field, RecipeError, type RecipeFault } from "./recipe-error.js";
import type { RunPassport } from "./record/run-passport.js";
import { type LayerRouting, RoutingLog } from "./record/routing-log.js";
import { RunRecord } from "./record/run-record.js";
import { rowFiles } from "./rows/row-files.js";
import { isTokenFile, type RowsInput } from "./rows/rows-input.js";
import { tellColumns } from "./rows/tell-columns.js";
import { sourceOf, type TrainingRows, type TrainingRowsOptions } from "./rows/training-rows.js";
import { checkAgreement } from "./ranks/check-agreement.js";
import { copiedRun, sendRun } from "./ranks/copied-run.js";
import { rankFacts } from "./ranks/rank-facts.js";
import { checkOutput } from "./training/check-output.js";
import { contradictions } from "./training/contradictions.js";
import { faultsOfModel } from "./training/faults-of-model.js";
import { methodOf } from "./training/method-of.js";
import { objectiveOf } from "./training/objective-of.js";
import { resumedOptions, type RunSettings, runSettings } from "./training/run-settings.js";
import { runTotals, type RunTotals } from "./training/run-totals.js";
import { tensorFaultsOfRanks } from "./training/tensor-faults.js";
import { zeroStages } from "./training/zero-stage.js";
import { spilledInputs, type SpilledInputs } from "./training/spilled-inputs.js";
import type { Trained, TrainedFolders, TrainingMethod } from "./training/training-method.js";
import type { PreparedObjective, ReadRows, ReadRowsOf } from "./training/training-objective.js";

/** Share of unusable rows beyond which nothing is trained. */
const REJECT_LIMIT = 0.05;

/** Prompts that are answered in the course of a run where nothing is said. */
const SAMPLES = 3;

const REJECTED_FILE = "rejected.jsonl";

const NOT_WRITTEN: TrainedFolders = { adapter: null, model: null, base: null };

/** What became of the rows of a source. */
export interface RowCounts {
  readonly read: number;
  readonly used: number;
  readonly rejected: number;
  readonly unscored: number;
  readonly truncated: number;
  readonly overlong: number;
}

/** How a run ended: plain data, fit for JSON. */
export interface FinetuneSummary extends RunTotals {
  /** Folder of the adapter; null where the run was interrupted, nothing is written, or the weights were trained. */
  readonly adapter: string | null;
  /** Folder of the trained model; null where the run was interrupted, nothing is written, or an adapter was trained. */
  readonly model: string | null;
  /** Folder of the packed base that the adapter belongs to, where the two were made together (LoftQ); else null. */
  readonly base: string | null;
  /** Folder of the run. */
  readonly run: string | null;
  readonly engine: string;
  readonly precision: Precision;
  /** Whether the signal ended the run before its last step; a run with a folder has a checkpoint then. */
  readonly interrupted: boolean;
  readonly trainableParameters: number;
  readonly allParameters: number;
  readonly rows: { readonly train: RowCounts; readonly validation: RowCounts | null };
  /** Whether it ended before its last step because the validation loss fell no more (`train.patience`). */
  readonly stoppedEarly: boolean;
  /** What the run came from; null where it was interrupted or nothing is written. */
  readonly passport: RunPassport | null;
  /** What the run turned out to take, beside what was planned; null before its third step. */
  readonly plan: PlanCorrection | null;
  /** Where tokens went in layers with experts; empty for a model without, and for layers that no gradient comes to. */
  readonly routing: readonly LayerRouting[];
  /** Bytes at the end, and at most. */
  readonly memory: {
    readonly residentBytes: number;
    readonly peakResidentBytes: number;
    readonly tensorBytes: number;
    readonly peakTensorBytes: number;
  };
}

/** Options with all that a run needs. */
type RunOptions = FinetuneOptions & { readonly model: ModelInput; readonly data: RowsInput };

/** Everything a run needs, checked; nothing is written yet. */
interface PreparedRun {
  readonly options: RunOptions;
  readonly method: TrainingMethod;
  readonly config: TrainConfig;
  readonly folder: ModelFolder;
  readonly objective: PreparedObjective;
  /** The run that goes on, or null for a new one. */
  readonly earlier: RunFolder | null;
  /** Whether an earlier part of the run has left checkpoints, one of which brings the values that it goes on from. */
  readonly hasCheckpoints: boolean;
}

/**
 * Fine-tunes a model, with LoRA or its weights themselves, and yields a report after every optimiser step.
 *
 * When the signal aborts during the steps, a checkpoint of the last complete one is written and the iterator ends;
 * `resume` goes on from there to the same bits. An iterator that is left early (`break`) frees what it holds and writes no
 * checkpoint of its own.
 *
 * @returns where the adapter or the model is and what the run came to
 * @throws RecipeError naming the field, such as `lora.rank` or `train.learningRate`
 * @throws RejectedRowsError, RowError, FileError, RunFolderError, NoIntactCheckpointError, AdapterFileError, EngineError,
 * DivergenceError and
 * what reading a model throws
 * @throws the signal's reason when it aborts before the first step is begun
 */
export async function* finetune(
  asked: FinetuneOptions,
): AsyncGenerator<StepReport, FinetuneSummary, undefined> {
  let options = { ...asked, signal: eitherSignal(asked.signal, asked.control?.signal) };
  let earlier: RunFolder | null = null;
  const { collective = null } = asked;
  const copy = collective && collective.rank > 0 && asked.output !== undefined ? await copiedRun() : null;
  try {
    await checkFinetuneOptions(options);
    if (options.resume && !copy) earlier = await RunFolder.open(options.output!);
    if (options.resume && collective && collective.size > 1)
      await sendRun(collective, earlier, copy?.path ?? null);
    if (copy) options = { ...options, output: copy.path, overwrite: false, samples: 0, tensorboard: false };
    // No other process can write the run from here on.
    if (options.resume && copy) earlier = await RunFolder.open(copy.path);
    const prepared = await prepareRun(options, earlier);
    return yield* trainModel(prepared);
  } catch (error) {
    throw withField(error);
  } finally {
    await earlier?.close();
    await copy?.release();
  }
}

/** One that aborts as soon as one of the two does. */
function eitherSignal(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other);
}

/** What only a run that goes on has already. */
const needed = ["model", "data"] as const;

/** Of what is needed, what is missing. */
function missingFaults(
  options: FinetuneOptions,
  keys: readonly (typeof needed)[number][] = needed,
): RecipeFault[] {
  const expected = { model: "a model folder or a model that is open", data: "a file of rows, or rows" };
  return keys
    .filter((key) => options[key] === undefined)
    .map((key) => expectation(key, expected[key], "nothing"));
}

/** @throws RecipeError where one of the two is missing */
function withModelAndData(options: FinetuneOptions): RunOptions {
  const { model, data } = options;
  if (model !== undefined && data !== undefined) return { ...options, model, data };
  throw new RecipeError(missingFaults(options));
}

/**
 * Refuses what is out of range, contradicts itself or is not in the model, all of it at once; of the model no more is read than its config
 * and the headers of its weights.
 * @param keys what must be there unless the run goes on
 * @throws RecipeError naming all fields at fault; ModelConfigError, WeightsError, AdapterFileError
 */
export async function checkFinetuneOptions(
  options: FinetuneOptions,
  keys: readonly (typeof needed)[number][] = needed,
): Promise<void> {
  const faults = faultsOfOptions(options, keys);
  const { model, resume } = options;
  // A run that goes on has its own options, which are held to its model when they are known.
  if (model !== undefined && !resume) {
    try {
      const folder =
        typeof model === "string" ? { path: model, config: await readModelConfig(model) } : model;
      faults.push(...(await faultsOfModel(options, folder, faults)));
    } catch (error) {
      // What is wrong with the options is said even where the model cannot be read.
      if (faults.length === 0) throw error;
    }
  }
  if (faults.length > 0) throw new RecipeError(faults);
}

/** What is wrong with options whatever the model is. */
function faultsOfOptions(options: FinetuneOptions, keys: readonly (typeof needed)[number][]): RecipeFault[] {
  const {
    output,
    overwrite,
    rejectLimit,
    maxTokens,
    neftuneAlpha,
    residualDropout,
    proximal,
    loraPlusRatio,
    layerRateDecay,
  } = options;
  const { resume, lora = {}, loss = {}, train = {}, memory, beta, simpoGamma } = options;
  const contradicting = contradictions(options);
  const isSaid = ({ field: path }: RecipeFault): boolean =>
    contradicting.some(({ field: said }) => said === path);
  const faults = [
    ...(resume ? [] : missingFaults(options, keys)),
    // What contradicts itself is refused by the adapter as well, the first of it alone and without a fix.
    ...faultsOfSettings(lora, resolveLoraConfig).filter((fault) => !isSaid(fault)),
    ...faultsOfSettings(loss, resolveLossSettings),
    ...faultsOfSettings(train, resolveTrainConfig),
    ...(memory === undefined ? [] : faultsOf(() => memoryBytes(memory))),
    ...(beta === undefined ? [] : faultsOf(() => dpoLoss(beta))),
    ...(simpoGamma === undefined ? [] : faultsOf(() => simpoLoss(1, simpoGamma))),
    ...contradicting,
    ...(zeroStages.includes(options.zeroStage ?? 0)
      ? []
      : [expectation("zeroStage", phrase`one of ${zeroStages.join(", ")}`, String(options.zeroStage))]),
  ];
  if (resume && overwrite) {
    const sentence = phrase`${field("resume")} goes on with a run and ${field("overwrite")} replaces it: give one of them`;
    faults.push({ field: "resume", sentence });
  }
  if (resume && output === undefined)
    faults.push(expectation("output", "the folder of the run to resume", "nothing"));
  if (rejectLimit !== undefined && !(rejectLimit >= 0 && rejectLimit <= 1)) {
    faults.push(expectation("rejectLimit", "a share from 0 to 1", String(rejectLimit)));
  }
  if (maxTokens !== undefined && !(Number.isSafeInteger(maxTokens) && maxTokens >= 2)) {
    faults.push(expectation("maxTokens", "a whole number from 2", String(maxTokens)));
  }
  if (loraPlusRatio !== undefined && !(loraPlusRatio > 0 && Number.isFinite(loraPlusRatio))) {
    faults.push(expectation("loraPlusRatio", "a number above 0", String(loraPlusRatio)));
  }
  if (layerRateDecay !== undefined && !(layerRateDecay > 0 && layerRateDecay <= 1)) {
    faults.push(expectation("layerRateDecay", "a number above 0, up to 1", String(layerRateDecay)));
  }
  if (neftuneAlpha !== undefined && !(neftuneAlpha >= 0 && Number.isFinite(neftuneAlpha))) {
    faults.push(expectation("neftuneAlpha", "a number from 0", String(neftuneAlpha)));
  }
  if (residualDropout !== undefined && !(residualDropout >= 0 && residualDropout < 1)) {
    faults.push(expectation("residualDropout", "a share from 0, below 1", String(residualDropout)));
  }
  if (proximal !== undefined && !(proximal >= 0 && Number.isFinite(proximal))) {
    faults.push(expectation("proximal", "a number from 0", String(proximal)));
  }
  return faults;
}

/** Reads and checks what a run needs but its weights; nothing is written. @param earlier the run that goes on, or null */
export async function prepareRun(asked: FinetuneOptions, earlier: RunFolder | null): Promise<PreparedRun> {
  const { output, overwrite = false, signal } = asked;
  const options = withModelAndData(earlier ? await resumedOptions(asked, output!) : asked);
  const { model, data, validation, initAdapter } = options;
  const config = resolveTrainConfig(options.train);
  if (!earlier && output !== undefined) {
    const reads = [pathOf(model), data, validation, initAdapter].filter((read) => typeof read === "string");
    await checkOutput(output, overwrite, reads);
  }
  const folder = await folderOf(model, options.onEvent);
  const method = await methodOf(options, folder, config.seed, earlier !== null);
  const objective = await objectiveOf(options, config, (...what) => readRows(options, folder, ...what));
  signal?.throwIfAborted();
  const hasCheckpoints = earlier !== null && (await earlier.checkpointSteps()).length > 0;
  return { options, method, config, folder, objective, earlier, hasCheckpoints };
}

/** Reads rows and tells what becomes of those that are not used as they are. */
export async function readRows<Row>(
  { maxTokens, overlong, lossOn, reasoning, rejectLimit = REJECT_LIMIT, output, onEvent }: FinetuneOptions,
  folder: ModelFolder,
  key: "data" | "validation",
  input: RowsInput,
  read: ReadRowsOf<Row>,
): Promise<TrainingRows<Row>> {
  const limit = maxTokens ?? folder.config.maxPositions;
  const onProgress: TrainingRowsOptions["onProgress"] = (done, total, counts) =>
    onEvent?.({ type: "progress", phase: "reading", done, total, rows: counts });
  if (key === "data" && typeof input === "string" && !isTokenFile(input)) {
    const files = await rowFiles(input, "training");
    await tellColumns(
      files.map((file) => ({ name: file, file })),
      false,
      onEvent,
    );
  }
  const learnt = { maxTokens: limit, overlong, lossOn, reasoning };
  const rows = await read(input, folder, { field: key, ...learnt, rejectLimit, onProgress });
  const tell = (outcome: RowsEvent["outcome"], count: number, more: Partial<RowsEvent> = {}): void => {
    if (count === 0) return;
    onEvent?.({ type: "rows", source: sourceOf(input, key), outcome, count, total: rows.read, ...more });
  };
  tell("rejected", rows.rejected.length, output === undefined ? {} : { list: join(output, REJECTED_FILE) });
  tell("unscored", rows.unscored);
  tell("truncated", rows.truncated, { limit });
  tell("overlong", rows.overlong, { limit });
  return rows;
}

/** Trains on a model that is opened for it, or on one that was handed in. */
async function* trainModel(prepared: PreparedRun): AsyncGenerator<StepReport, FinetuneSummary, undefined> {
  const { options, folder } = prepared;
  const { model: input, onEvent, signal } = options;
  const engine = typeof input === "object" ? input.engine : await engineOf(options, onEvent, folder.path);
  const ranks = othersToo(options.collective);
  const groupSize = options.tensorParallel ?? 1;
  const faults = tensorFaultsOfRanks(groupSize, options.collective?.size ?? 1);
  if (faults.length > 0) throw new RecipeError(faults);
  // Before the weights are read: a rank that is missing or that has other rows is told early.
  if (ranks) await agreeOnRun(ranks, prepared, engine);
  // Where the weights are to lie is chosen, and what does not fit is refused.
  const inMemory = await planStep(prepared, engine, options.memory);
  const streamed = groupSize > 1 ? null : await chooseStream(prepared, inMemory);
  const planned = streamed ? streamedStep(inMemory, streamed) : inMemory;
  const chosen = streamed ? null : await checkpointingOf(prepared, planned, prepared.objective.largest());
  const policy = ranks && chosen !== null && groupSize > 1 ? await sameLayersAgain(ranks, inMemory) : chosen;
  const group = ranks && groupSize > 1 ? await ranks.blockingGroup(groupSize) : null;
  const { opened, release } = await borrowModel(input, folder, {
    ...options,
    group,
    ...(typeof input === "object" ? {} : { engine, precision: undefined }),
    stream: streamed !== null || undefined,
  });
  const { model } = opened;
  const { checkpointing, embeddingNoise, residualDropout, onRouting } = model;
  const routing = new RoutingLog("mixture" in folder.config ? ranks : null, groupSize);
  let run = prepared.earlier;
  let record: RunRecord | null = null;
  let spilled: SpilledInputs | null = null;
  try {
    // Before anything is trained: what is compared with is the model as it was, without adapters.
    for (const name of adapterNames(model)) detach(model, name);
    await prepared.objective.computeReference(model, {
      earlier: run,
      onProgress: progressOf(onEvent, "comparing"),
      onWarning: warningOf(onEvent),
      signal,
    });
    const trained = await prepared.method.prepare(model, prepared.hasCheckpoints, onEvent);
    if (ranks) await beginOnRanks(ranks, trained);
    const mask = prepared.objective.maskReport(folder.config.endOfSequenceIds);
    if (mask) onEvent?.({ type: "mask", report: mask });
    onEvent?.({ type: "parameters", parameters: trained.table });
    if (streamed) onEvent?.({ type: "streaming", plan: streamed, isAsked: options.stream ?? false });
    if (policy !== null) model.checkpointing = policy;
    model.embeddingNoise = options.neftuneAlpha ?? 0;
    model.residualDropout = options.residualDropout ?? 0;
    model.onRouting = routing.add.bind(routing);
    signal?.throwIfAborted();
    run ??= await createRun(prepared);
    if (run) await prepared.objective.keepReference(run);
    spilled = streamed && (await spilledInputs(streamed, run));
    const reports: StepReport[] = [];
    const isFollowing = (options.collective?.rank ?? 0) > 0;
    record =
      run && !isFollowing
        ? newRecord(prepared, opened, run, silenceOf(streamed !== null, group !== null))
        : null;
    const corrector = new PlanCorrector(
      planned,
      prepared.config.gradientAccumulation,
      streamed && { plannedBytesPerStep: streamed.bytesPerStep, bytesRead: () => model.bytesRead },
    );
    const kept: Kept = {
      run,
      record,
      reports,
      corrector,
      routing,
      isStreamed: streamed !== null,
      streams: spilled?.streams ?? null,
      correction: null,
    };
    const end = yield* runSteps(prepared, opened, trained, kept);
    const routed = await routing.report();
    const isComplete = end.completed;
    const folders = isComplete && run && !isFollowing ? await trained.write(run) : NOT_WRITTEN;
    const totals = runTotals(run ? await run.readMetrics(Number.POSITIVE_INFINITY) : reports);
    const summary = summaryOf(prepared, opened, trained.table, {
      totals,
      folders,
      end,
      plan: kept.correction,
      routing: routed,
    });
    if (!isComplete || !record) return summary;
    const passport = await record.passport(settingsOf(prepared), options, folders);
    const report = { ...summary, passport };
    await record.write(report);
    return report;
  } finally {
    await record?.close();
    await spilled?.close();
    model.checkpointing = checkpointing;
    model.embeddingNoise = embeddingNoise;
    model.residualDropout = residualDropout;
    model.onRouting = onRouting;
    release();
    if (run !== prepared.earlier) await run?.close();
  }
}

/** The ranks of a run that others share; null where this process is the only one, which has nobody to ask. */
const othersToo = (collective: Collective | undefined): Collective | null =>
  collective && collective.size > 1 ? collective : null;

/** Makes sure that all ranks have the same run before them. @throws RecipeError where some would compute nothing; CollectiveError */
async function agreeOnRun(ranks: Collective, prepared: PreparedRun, engine: Engine): Promise<void> {
  const { config, objective, options, folder } = prepared;
  const sharing = ranks.size / (options.tensorParallel ?? 1);
  if (config.gradientAccumulation < sharing) {
    throw new RecipeError([
      expectation(
        "train.gradientAccumulation",
        phrase`at least the number of ranks, ${sharing}, which share the micro-batches of a step`,
        String(config.gradientAccumulation),
      ),
    ]);
  }
  const { output, samples, tensorboard, memory, checkpointing, ...settings } = settingsOf(prepared);
  const fileOf = (input: RowsInput | undefined): string | undefined =>
    typeof input === "string" ? input : undefined;
  const files = { model: folder.path, data: fileOf(options.data), validation: fileOf(options.validation) };
  const { alike } = await rankFacts(ranks, files, progressOf(options.onEvent, "hashing"));
  await checkAgreement(ranks, {
    ...alike,
    engine: `${engine.name} ${engine.precision}`,
    settings: createHash("sha256").update(JSON.stringify(settings)).digest("hex"),
    rows: `${objective.training.used}, ${objective.validation?.used ?? 0}`,
  });
}

/**
 * The policy of ranks that compute layers together, and so compute the same ones again: as many as the one with the least memory asks for.
 */
async function sameLayersAgain(ranks: Collective, { memory }: PlannedStep): Promise<Checkpointing> {
  const layers = Int32Array.of(memory.recomputedLayers);
  await ranks.allReduce(layers, "max");
  return layers[0];
}

/** Lets this rank begin where the first one does. @throws CollectiveError where they do not train the same */
async function beginOnRanks(ranks: Collective, { parameters }: Trained): Promise<void> {
  await checkAgreement(ranks, {
    parameters: parameters.map(({ name, variable }) => `${name} ${variable.shape.join("×")}`).join(", "),
  });
  await beginAlike(ranks, parameters);
}

/** The policy that was asked for, or the one that fits the memory. */
async function checkpointingOf(
  { options }: PreparedRun,
  { memory: plan, remedies }: PlannedStep,
  step: { readonly tokens: number },
): Promise<Checkpointing> {
  const { checkpointing = "auto", memory, onEvent } = options;
  const isGiven = memory !== undefined;
  if (!plan.fits && isGiven) {
    const least = (Math.ceil(plan.expectedBytes / 1e7) / 100).toFixed(2);
    const given = (plan.budgetBytes / 1e9).toFixed(2);
    const help = remediesSentence(await remedies());
    const sentence =
      checkpointing === "auto"
        ? phrase`${field("memory")}: expected at least ${least}GB for this model and micro-batches of up to ${step.tokens} tokens, with as many layers computed again as help, got ${given}GB; what takes less, the cheapest first: ${help}`
        : phrase`${field("memory")}: expected at least ${least}GB for this model and micro-batches of up to ${step.tokens} tokens under ${field("checkpointing")} ${checkpointing}, got ${given}GB; what takes less, the cheapest first: ${help}`;
    throw new RecipeError([{ field: "memory", sentence }]);
  }
  if (checkpointing === "auto" || !plan.fits) onEvent?.({ type: "memory", plan, isGiven });
  return plan.checkpointing;
}

/** The folder of a new run: the first thing that is written. Null where nothing is. */
async function createRun(prepared: PreparedRun): Promise<RunFolder | null> {
  const { options, objective } = prepared;
  const { output, overwrite = false } = options;
  if (output === undefined) return null;
  const run = await RunFolder.create(output, { overwrite });
  await run.writeConfig(settingsOf(prepared));
  const rejected = [...objective.training.rejected, ...(objective.validation?.rejected ?? [])];
  if (rejected.length > 0) {
    const lines = rejected.map((row) => `${JSON.stringify(row)}\n`);
    await replaceFile(join(run.path, REJECTED_FILE), lines.join(""));
  }
  return run;
}

/** The run's options with every default filled in. */
const settingsOf = ({ options, method, config }: PreparedRun): RunSettings =>
  runSettings({ ...options, method: method.name }, method.settings, config);

/** Why the model does not answer in the course of a run; null where it does. */
function silenceOf(isStreamed: boolean, isShared: boolean): Phrase | null {
  if (isStreamed)
    return phrase`the model does not answer questions in the course of this run: each token of an answer would have all weights read from the disk`;
  return isShared
    ? phrase`the model does not answer questions in the course of this run: each rank has a part of its layers alone`
    : null;
}

/** What a run shows of itself. @param silence why the model is not to answer */
function newRecord(
  { options, objective }: PreparedRun,
  opened: OpenedModel,
  run: RunFolder,
  silence: Phrase | null,
): RunRecord {
  const { samples = SAMPLES, tensorboard = false, language = "en", signal, onEvent } = options;
  const hooks = { signal, onEvent };
  const prompts = objective.samplePrompts(samples);
  if (silence !== null && prompts.length > 0) warningOf(onEvent)(silence);
  return new RunRecord(run, opened, {
    prompts: silence === null ? prompts : [],
    tensorboard,
    language,
    hooks,
  });
}

/** Where reports go. */
interface Kept {
  readonly run: RunFolder | null;
  readonly record: RunRecord | null;
  /** Takes them where nothing is written. */
  readonly reports: StepReport[];
  /** Compares the first of them with what was planned. */
  readonly corrector: PlanCorrector;
  /** Whether the weights of layers are on disk. */
  readonly isStreamed: boolean;
  /** Where the inputs of layers are on disk, too. */
  readonly streams: SpilledStreams | null;
  /** Counts where tokens go. */
  readonly routing: RoutingLog;
  /** What came of that, once it is known. */
  correction: PlanCorrection | null;
}

/** What checkpoints hold besides the loop's own state. */
const allOf = (files: StatePart, routing: RoutingLog): StatePart => ({
  ...files,
  ...((files.follow ?? routing.follow) && {
    async follow() {
      await files.follow?.();
      await routing.follow?.();
    },
  }),
  async save(folder) {
    await files.save(folder);
    await routing.save(folder);
  },
  async load(folder) {
    await files.load(folder);
    await routing.load(folder);
  },
});

/** @returns how the steps ended */
async function* runSteps(
  prepared: PreparedRun,
  { model, engine }: OpenedModel,
  { parameters, sampling, files }: Trained,
  kept: Kept,
): AsyncGenerator<StepReport, TrainEnd, undefined> {
  const { options, config, objective, hasCheckpoints } = prepared;
  const { run, record, reports, corrector, routing } = kept;
  const {
    onEvent,
    signal,
    resume,
    settings,
    control,
    collective,
    deterministic,
    zeroStage,
    balanceRanks,
    tensorParallel,
  } = options;
  const ranks = othersToo(collective);
  const steps = objective.steps(model, {
    parameters,
    ...(sampling ? { sampling } : {}),
    config,
    ...(kept.isStreamed ? { walk: model } : {}),
    ...(kept.streams ? { streams: kept.streams } : {}),
    ...(run ? { run } : {}),
    ...(ranks || deterministic
      ? dataParallel(ranks ?? localCollective(), parameters, {
          deterministic,
          balanced: balanceRanks ?? true,
          groupSize: ranks ? (tensorParallel ?? 1) : 1,
          onDeal: (shares) => onEvent?.({ type: "dealt", shares }),
          ...(ranks && zeroStage === 2 ? { sharded: namedOptimiser(config) } : {}),
        })
      : {}),
    proximal: options.proximal ?? 0,
    savesCheckpoints: (collective?.rank ?? 0) === 0,
    files: allOf(files, routing),
    ...(engine.precision === "fp16" ? { lossScale: {} } : {}),
    origin: originSearch({ model, openWeights: async () => await openWeights(prepared.folder.path) }),
    resume: resume ?? false,
    onResume({ state, passedOver }) {
      for (const checkpoint of passedOver) onEvent?.({ type: "passed-over", ...checkpoint });
      onEvent?.({ type: "resuming", step: state.step, settings: settings ?? {} });
    },
    ...(signal ? { signal } : {}),
    onWarning: warningOf(onEvent),
    onEvaluation: progressOf(onEvent, "evaluating"),
  });
  if (!hasCheckpoints) await record?.begin(0);
  let isFirst = true;
  let done = 0;
  let previous: StepReport | null = null;
  for (;;) {
    if (control?.isPaused && !signal?.aborted) {
      onEvent?.({ type: "paused", step: done });
      await control.whenRunning(signal);
      onEvent?.({ type: "unpaused", step: done });
    }
    const next = await steps.next();
    if (next.done) return next.value;
    if (!run) reports.push(next.value);
    if (isFirst && hasCheckpoints) await record?.begin(next.value.step - 1);
    // What may be different in a run that goes on is its own from here on: the checkpoint was found to belong to it.
    if (isFirst && prepared.earlier) await prepared.earlier.writeConfig(settingsOf(prepared));
    isFirst = false;
    done = next.value.step;
    await record?.step(next.value);
    tellOfStep(next.value, previous, config, onEvent);
    previous = next.value;
    const correction = await corrector.note(next.value);
    if (correction) {
      kept.correction = correction;
      onEvent?.({ type: "plan-corrected", correction });
    }
    let isLeft = true;
    try {
      yield next.value;
      isLeft = false;
    } finally {
      if (isLeft) await steps.return({ completed: false, step: next.value.step });
    }
  }
}

/** Tells what is noteworthy of a step. */
function tellOfStep(
  { step, loss, gradNorm, bad, spike, stalled }: StepReport,
  previous: StepReport | null,
  { maxGradNorm }: TrainConfig,
  onEvent: FinetuneOptions["onEvent"],
): void {
  if (bad) onEvent?.({ type: "bad-step", step, value: bad.quantity === "loss" ? loss : gradNorm, ...bad });
  if (spike && !previous?.spike) onEvent?.({ type: "spike", step, loss, ...spike });
  if (stalled) onEvent?.({ type: "stalled", step, maxGradNorm, ...stalled });
}

/** How a run ended. */
interface RunEnd {
  readonly totals: RunTotals;
  readonly folders: TrainedFolders;
  readonly end: TrainEnd;
  readonly plan: PlanCorrection | null;
  readonly routing: readonly LayerRouting[];
}

function summaryOf(
  { options, objective }: PreparedRun,
  { engine }: OpenedModel,
  parameters: ParameterTable,
  { totals, folders, end, plan, routing }: RunEnd,
): FinetuneSummary {
  const { output } = options;
  const { bytes, peakBytes } = tensorMemory();
  return {
    ...totals,
    ...folders,
    run: output ?? null,
    engine: engine.name,
    precision: engine.precision,
    interrupted: !end.completed,
    stoppedEarly: end.stoppedEarly ?? false,
    passport: null,
    plan,
    routing,
    trainableParameters: parameters.trainable,
    allParameters: parameters.all,
    rows: {
      train: countsOf(objective.training),
      validation: objective.validation && countsOf(objective.validation),
    },
    memory: {
      residentBytes: process.memoryUsage.rss(),
      peakResidentBytes: peakResidentBytes(),
      tensorBytes: bytes,
      peakTensorBytes: peakBytes,
    },
  };
}

function countsOf({ read, used, rejected, unscored, truncated, overlong }: ReadRows): RowCounts {
  return { read, used, rejected: rejected.length, unscored, truncated, overlong };
}
