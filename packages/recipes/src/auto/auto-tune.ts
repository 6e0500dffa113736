import { basename, join } from "node:path";
import { writeTokenFile } from "@lathe/data";
import { asPhrase, makeFolder, type Phrase, phrase, phraseOfError, replaceFile } from "@lathe/files";
import type { LabelledRow } from "@lathe/model";
import type { WeightFormat } from "@lathe/quant";
import { tuningReport } from "@lathe/report";
import type { Engine } from "@lathe/tensor";
import {
  DivergenceError,
  labelledSize,
  measureRows,
  RunFolder,
  type RowSizes,
  type RowSource,
  type StepReport,
} from "@lathe/train";
import { withField } from "../fields-of-packages.js";
import { finetune, type FinetuneSummary, readRows } from "../finetune.js";
import { type ModelFolder, readModelFolder } from "../model/model-folder.js";
import { engineOf, openModel, type OpenedModel } from "../model/open-model.js";
import { expectation, field, RecipeError } from "../recipe-error.js";
import { readTrainingRows } from "../rows/training-rows.js";
import type { AutoTuneOptions } from "./auto-tune-options.js";
import {
  type Candidate,
  candidateName,
  candidateOptions,
  firstCandidates,
  neighboursOf,
} from "./candidate.js";
import { fittingBatch, fittingFormat } from "./fitting.js";
import { holdOut, spread } from "./hold-out.js";
import { reasons } from "./reasons.js";
import { sayTuning } from "./say-tuning.js";
import { successiveHalving, type Rung } from "./successive-halving.js";
import type { ChosenSettings, Excluded, Trial } from "./trial.js";

/** Share of the time that is for trials. */
const SEARCH_SHARE = 0.35;

/** Share of the time that is kept for what cannot be foreseen. */
const RESERVE = 0.1;

const rungs: readonly Rung[] = [
  { factor: 1, kept: 3 },
  { factor: 2, kept: 2 },
  { factor: 4, kept: 1 },
];

/** Trials of the rungs, each as long as its factor says: those that go on, and the neighbours of the best. */
const TRIAL_UNITS = 9 + 7 * 2 + 2 * 4;

/** What an evaluated row takes of a trained one. */
const EVALUATED_SHARE = 0.4;

/** Steps that tell how fast this machine is. */
const PACE_STEPS = 3;

/** Fewest steps that say anything of a candidate. */
const FEWEST_STEPS = 4;

/** Fewest rows to compare candidates on, where there are so many. */
const COMPARED_ROWS = 64;

/** Passes over the rows at most: with more, adapters learn rows by heart. */
const MOST_EPOCHS = 3;

/** Share of the run's steps after which its own pace is known, and the fewest steps that tell it. */
const PACE_SHARE = 0.05;
const PACE_OF_RUN = 4;

/** How many times as many steps there must be time for than were planned, for a run to be begun anew with them. */
const WORTH_BEGINNING_ANEW = 1.5;

/** Evaluations in the course of the run. */
const EVALUATIONS = 4;

/** What the search came to and why: plain data, fit for JSON. */
export interface AutoTuneSummary {
  /** The settings that were trained with. */
  readonly chosen: ChosenSettings;
  /** Sentences that say why. */
  readonly why: readonly Phrase[];
  readonly trials: readonly Trial[];
  readonly excluded: readonly Excluded[];
  /** Rows that were learnt, set apart, and compared on. */
  readonly rows: { readonly training: number; readonly validation: number; readonly compared: number };
  /** Seconds of the clock: those that there were, of trials, and of all. */
  readonly time: { readonly budget: number; readonly search: number; readonly spent: number };
  /** The run with the best settings. */
  readonly result: FinetuneSummary;
  /** Folder of the adapter: that of the last checkpoint where the time ended the run; null where the weights were trained. */
  readonly adapter: string | null;
}

/** What is told on the way: a trial that is done, or a step of the run with the best settings. */
export type AutoTuneReport =
  | { readonly type: "trial"; readonly trial: Trial }
  | { readonly type: "chosen"; readonly chosen: ChosenSettings; readonly why: readonly Phrase[] }
  | { readonly type: "step"; readonly report: StepReport };

/** Everything that trials and the run share. */
interface Search {
  readonly options: AutoTuneOptions;
  readonly folder: ModelFolder;
  readonly engine: Engine;
  readonly opened: OpenedModel;
  /** Frees the model that is open; twice is harmless. */
  readonly release: () => void;
  readonly quantize: WeightFormat;
  readonly training: RowSource<LabelledRow>;
  /** Of the rows of `training`. */
  readonly sizes: RowSizes;
  readonly validation: RowSource<LabelledRow>;
  readonly compared: RowSource<LabelledRow>;
  /** Seconds since the beginning. */
  readonly spent: () => number;
  readonly excluded: Excluded[];
}

/**
 * Finds settings for a model, rows and a time, and trains with the best of them: method, targets, rank, rate, rows a step and
 * passes. Short trials on the rows themselves are compared by successive halving, on the same held-out rows, with a seed; what
 * does not fit the memory is not tried. The base is read once for all adapters; trials of the weights themselves read it anew,
 * as they change it. The run is one of `finetune` in `output/run`: where the time ends it early it has a checkpoint, and can be
 * resumed.
 *
 * @returns what was chosen and why, and how the run ended
 * @throws RecipeError naming the field, such as `memory` where not even one row fits
 * @throws what {@link finetune} throws; the signal's reason when it aborts before the run
 */
export async function* autoTune(
  options: AutoTuneOptions,
): AsyncGenerator<AutoTuneReport, AutoTuneSummary, undefined> {
  const { clock = () => performance.now() / 1000 } = options;
  const begun = clock();
  let search: Search | null = null;
  try {
    search = await prepareSearch(options, () => clock() - begun);
    return yield* searchAndTrain(search);
  } catch (error) {
    throw withField(error);
  } finally {
    search?.release();
  }
}

async function prepareSearch(options: AutoTuneOptions, spent: () => number): Promise<Search> {
  const { time, output, overwrite = false, seed = 0, memory, onEvent } = options;
  if (!(time > 0 && Number.isFinite(time))) {
    throw new RecipeError([expectation("time", "seconds above 0", String(time))]);
  }
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new RecipeError([expectation("seed", "a whole number from 0", String(seed))]);
  }
  await RunFolder.checkFree(join(output, "run"), { overwrite });
  const folder = await readModelFolder(options.model, onEvent);
  const { maxTokens, rejectLimit, overlong, lossOn, reasoning } = options;
  const reading = { maxTokens, rejectLimit, overlong, lossOn, reasoning, onEvent };
  const read = async (key: "data" | "validation", input: AutoTuneOptions["data"]) =>
    (await readRows(reading, folder, key, input, readTrainingRows)).rows;
  const all = await read("data", options.data);
  if (options.validation === undefined && all.length < 2) {
    throw new RecipeError([
      expectation("data", "at least two rows, one to learn and one to compare on", "1"),
    ]);
  }
  const { training, validation } =
    options.validation === undefined
      ? holdOut(all, seed)
      : { training: all, validation: await read("validation", options.validation) };
  const [first] = firstCandidates(folder.config.hiddenSize);
  const planning = await engineOf(options);
  const sizes = measureRows(training, labelledSize);
  const quantize = await fittingFormat(first, { folder, engine: planning, sizes, memory });
  if (quantize === null) {
    const sentence = phrase`${field("memory")}: expected more for this model, of which not even packed weights and one row at a time fit; shorten the rows with ${field("maxTokens")}, or take a smaller model`;
    throw new RecipeError([{ field: "memory", sentence }]);
  }
  // Started anew: what it computes in by default goes by the format that was chosen.
  const engine = await engineOf({ ...options, quantize }, onEvent, folder.path);
  const opened = await openModel(options.model, { engine, quantize, onEvent });
  let isOpen = true;
  const release = (): void => {
    if (isOpen) opened.dispose();
    isOpen = false;
  };
  const compared = spread(validation, Math.max(COMPARED_ROWS, Math.ceil(validation.length / 4)));
  const rows = { training, sizes, validation, compared };
  return { options, folder, engine, opened, release, quantize, ...rows, spent, excluded: [] };
}

/** What a trial trains: weights that are changed are read for it alone. */
function modelOf({ options, engine, opened }: Search, { method }: Candidate) {
  return method === "full" ? { model: options.model, engine } : { model: opened };
}

/** A trial that is done: its report, and its pace. */
interface Tried {
  readonly trial: Trial;
  /** Seconds a trained row. */
  readonly rowSeconds: number;
}

/**
 * Trains a candidate for some steps and evaluates it.
 * @param deadline seconds after which it is given up
 * @returns null where it was given up
 */
async function tryCandidate(
  search: Search,
  candidate: Candidate,
  {
    round,
    batchSize,
    steps,
    deadline,
  }: { round: number; batchSize: number; steps: number; deadline: number },
): Promise<Tried | null> {
  const { options, training, compared, spent } = search;
  const { seed = 0, memory, signal } = options;
  const before = spent();
  let trained = before;
  let validationLoss: number | null = null;
  let fault: Phrase | null = null;
  const run = finetune({
    ...modelOf(search, candidate),
    ...candidateOptions(candidate, { batchSize, maxSteps: steps, seed }),
    data: spread(training, steps * candidate.stepRows),
    validation: compared,
    signal,
    memory,
  });
  try {
    for await (const { step, validationLoss: loss } of run) {
      if (step < steps) trained = spent();
      validationLoss = loss ?? null;
      if (step < steps && trained > deadline) return null;
    }
    signal?.throwIfAborted();
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    fault = phraseOfError(error);
  }
  const end = spent();
  const rows = Math.max(1, (steps - 1) * candidate.stepRows);
  return {
    trial: { ...candidate, round, steps, validationLoss, seconds: end - before, fault },
    // Without the last step, which has the evaluation; where there is no other, all of it.
    rowSeconds: steps > 1 ? (trained - before) / rows : (end - before) / candidate.stepRows,
  };
}

async function* searchAndTrain(search: Search): AsyncGenerator<AutoTuneReport, AutoTuneSummary, undefined> {
  const { options, folder, engine, training, sizes, compared, quantize, spent, excluded } = search;
  const { time, memory } = options;
  const deadline = SEARCH_SHARE * time;
  const candidates = firstCandidates(folder.config.hiddenSize);
  const fitting = { folder, engine, sizes, quantize, memory };
  const known = new Map<string, Promise<number | null>>();
  /** All steps of an epoch are gone through to plan a batch, so that it is planned once for all rates. */
  const batchOf = (candidate: Candidate): Promise<number | null> => {
    const key = candidateName({ ...candidate, learningRate: 0 });
    const planned = known.get(key) ?? fittingBatch(candidate, fitting);
    known.set(key, planned);
    return planned;
  };
  const pace = await tryCandidate(search, candidates[0], {
    round: 0,
    steps: PACE_STEPS,
    deadline,
    batchSize: (await batchOf(candidates[0]))!,
  });
  let rowSeconds = pace?.rowSeconds ?? Number.POSITIVE_INFINITY;
  const evaluated = EVALUATED_SHARE * compared.length;
  const inTime = Math.max(0, deadline - spent()) / rowSeconds / TRIAL_UNITS - evaluated;
  // The longest trials are no longer than the run; of few rows, no trial is too short to tell.
  const inEpochs = Math.max(
    (MOST_EPOCHS * training.length) / rungs[rungs.length - 1].factor,
    FEWEST_STEPS * candidates[0].stepRows,
  );
  const unitRows = Math.floor(Math.min(inTime, inEpochs));
  const trials: Trial[] = [];
  const paces = new Map<Candidate, number>();

  const attempt = async (candidate: Candidate, round: number): Promise<Tried | "excluded" | null> => {
    const batchSize = await batchOf(candidate);
    if (batchSize === null) {
      excluded.push({ ...candidate, reason: asPhrase("does not fit the memory, or the weights are packed") });
      return "excluded";
    }
    const steps = Math.ceil((unitRows * rungs[round].factor) / candidate.stepRows);
    const expected = (steps * candidate.stepRows + evaluated) * rowSeconds;
    if (steps < FEWEST_STEPS || spent() + expected > deadline) return null;
    return await tryCandidate(search, candidate, { round: round + 1, batchSize, steps, deadline });
  };
  const halving = successiveHalving({ candidates, rungs, neighbours: neighboursOf });
  let next = halving.next();
  while (!next.done) {
    const { candidate, round } = next.value;
    const tried = await attempt(candidate, round);
    if (tried !== null && tried !== "excluded") {
      trials.push(tried.trial);
      paces.set(candidate, tried.rowSeconds);
      ({ rowSeconds } = tried);
      yield { type: "trial", trial: tried.trial };
    }
    next = halving.next(tried === null ? null : lossOf(tried));
  }
  const winner = next.value;
  const candidate = winner && Number.isFinite(winner.loss) ? winner.candidate : candidates[0];
  return yield* trainBest(search, candidate, {
    trials,
    searched: spent(),
    rowSeconds: paces.get(candidate) ?? rowSeconds,
    batchSize: (await batchOf(candidate))!,
  });
}

/** What a candidate is compared by; the worst there is where it could not be tried, or failed. */
const lossOf = (tried: Tried | "excluded"): number =>
  (tried === "excluded" ? null : tried.trial.validationLoss) ?? Number.POSITIVE_INFINITY;

/** What the search found. */
interface Found {
  readonly trials: readonly Trial[];
  /** Seconds that it took. */
  readonly searched: number;
  readonly rowSeconds: number;
  readonly batchSize: number;
}

/** Trains with the settings that were found, as long as there is time, and writes what came of it. */
async function* trainBest(
  search: Search,
  candidate: Candidate,
  { trials, searched, rowSeconds, batchSize }: Found,
): AsyncGenerator<AutoTuneReport, AutoTuneSummary, undefined> {
  const { options, engine, release, quantize, training, compared, spent, excluded } = search;
  const { time, output, overwrite, seed = 0, memory, language, signal, onEvent } = options;
  const evaluation = (rows: RowSource<LabelledRow>, pace = rowSeconds): number =>
    rows.length * EVALUATED_SHARE * pace;
  const validation =
    EVALUATIONS * evaluation(search.validation) <= RESERVE * time ? search.validation : compared;
  const inEpochs = Math.ceil((MOST_EPOCHS * training.length) / candidate.stepRows);
  /** Steps that there is time for from now on. @param pace seconds a row */
  const stepsInTime = (pace: number): number => {
    const left = (1 - RESERVE) * time - spent() - EVALUATIONS * evaluation(validation, pace);
    return Math.floor(left / (pace * candidate.stepRows));
  };
  const timeIsOver = new AbortController();
  let files: Awaited<ReturnType<typeof writeRows>> | null = null;
  const begin = async (steps: number, isAnew: boolean) => {
    files ??= await writeRows(search, validation);
    // Read anew by the run itself, which then can be resumed and repeated with its own settings.
    release();
    const { train, ...way } = candidateOptions(candidate, { batchSize, maxSteps: steps, seed });
    return finetune({
      model: options.model,
      engine,
      quantize,
      memory,
      language,
      overwrite: isAnew || overwrite,
      onEvent,
      ...way,
      train: { ...train, evalEvery: steps < 2 * EVALUATIONS ? 0 : Math.ceil(steps / EVALUATIONS) },
      data: files.training,
      validation: files.validation,
      samples: 0,
      output: join(output, "run"),
      signal: signal ? AbortSignal.any([signal, timeIsOver.signal]) : timeIsOver.signal,
    });
  };
  const choose = (inTime: number, further: readonly Phrase[]) => {
    const steps = Math.max(1, Math.min(inTime, inEpochs));
    const epochs = Number(((steps * candidate.stepRows) / training.length).toPrecision(3));
    const chosen: ChosenSettings = { ...candidate, batchSize, quantize, steps, epochs };
    return { chosen, why: [...reasons({ chosen, trials, isLimitedByTime: inTime < inEpochs }), ...further] };
  };
  let { chosen, why } = choose(stepsInTime(rowSeconds), []);
  yield { type: "chosen", chosen, why };

  let run = await begin(chosen.steps, false);
  let pacedAt = Math.max(PACE_OF_RUN, Math.ceil(PACE_SHARE * chosen.steps));
  let firstEnd = Number.NaN;
  let next = await run.next();
  for (; !next.done; next = await run.next()) {
    const { step } = next.value;
    yield { type: "step", report: next.value };
    const now = spent();
    if (now >= time) timeIsOver.abort();
    // The first step is slower than others.
    if (step === 1) firstEnd = now;
    if (step !== pacedAt || step === chosen.steps || chosen.steps === inEpochs) continue;
    const pace = (now - firstEnd) / ((step - 1) * candidate.stepRows);
    const better = choose(stepsInTime(pace), [
      phrase`begun anew after ${step} steps: the machine is faster than in the trials, and there is time for more steps than ${chosen.steps}`,
    ]);
    if (better.chosen.steps < WORTH_BEGINNING_ANEW * chosen.steps) continue;
    // A schedule ends with its steps: a run that has begun cannot be made longer.
    await run.return(undefined as never);
    ({ chosen, why } = better);
    yield { type: "chosen", chosen, why };
    run = await begin(chosen.steps, true);
    pacedAt = Number.NaN;
  }
  const result = next.value;
  const checkpoint = join(output, "run/checkpoints", `step-${result.steps}`, "adapter");
  const summary: AutoTuneSummary = {
    chosen,
    why,
    trials,
    excluded,
    rows: { training: training.length, validation: validation.length, compared: compared.length },
    time: { budget: time, search: searched, spent: spent() },
    result,
    adapter: result.interrupted && chosen.rank !== null && result.steps > 0 ? checkpoint : result.adapter,
  };
  await writeSummary(summary, options);
  return summary;
}

/** Token files of the rows, which the run is resumed and repeated from. */
async function writeRows(
  { options, folder, training }: Search,
  validation: RowSource<LabelledRow>,
): Promise<{ readonly training: string; readonly validation: string }> {
  const rows = join(options.output, "rows");
  await makeFolder(rows);
  const metadata = {
    tokenizerHash: folder.tokenizer?.hash ?? null,
    templateHash: folder.tokenizer?.templateHash ?? null,
    maxTokens: options.maxTokens ?? null,
    ...(options.lossOn === undefined ? {} : { lossOn: options.lossOn }),
    ...(options.reasoning === undefined ? {} : { reasoning: options.reasoning }),
  };
  const files = { training: join(rows, "training.arrow"), validation: join(rows, "validation.arrow") };
  await writeTokenFile(files.training, rowsOf(training), metadata);
  await writeTokenFile(files.validation, rowsOf(validation), metadata);
  return files;
}

function* rowsOf(source: RowSource<LabelledRow>): Generator<LabelledRow> {
  for (let index = 0; index < source.length; index++) yield source.row(index);
}

/** Writes `auto.json` and its page. */
async function writeSummary(summary: AutoTuneSummary, options: AutoTuneOptions): Promise<void> {
  const { output, language = "en", translations } = options;
  const said = sayTuning(summary, translations);
  const json = { model: options.model, ...said };
  await replaceFile(join(output, "auto.json"), `${JSON.stringify(json, null, 2)}\n`);
  const page = tuningReport({
    title: basename(output),
    language,
    why: said.why,
    trials: said.trials.map((trial) => ({ ...trial, name: candidateName(trial) })),
    facts: {
      model: options.model,
      chosen: summary.chosen,
      rows: summary.rows,
      time: summary.time,
      validationLoss: summary.result.validationLoss,
      run: summary.result.run,
    },
  });
  await replaceFile(join(output, "auto.html"), page);
}
