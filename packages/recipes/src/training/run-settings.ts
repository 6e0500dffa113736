import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { asPhrase, isRecord, type MakeFault, phrase, readJsonFile } from "@lathe/files";
import { type LoraConfig, loraDefaults } from "@lathe/peft";
import type { LossSettings } from "@lathe/tensor";
import { lossDefaults, RunFolderError, type TrainConfig, trainDefaults } from "@lathe/train";
import type { FinetuneOptions, FullOptions } from "../finetune-options.js";
import { field, RecipeError } from "../recipe-error.js";

/** Settings of a run as its `config.json` keeps them: flat, every default filled in. */
export type RunSettings = Readonly<Record<string, unknown>>;

/** Fields of a run besides those of `lora` and `train`, which have the same names in `config.json`. */
const ownKeys = [
  "method",
  "objective",
  "beta",
  "simpoGamma",
  "ktoPairing",
  "model",
  "data",
  "validation",
  "output",
  "initAdapter",
  "maxTokens",
  "overlong",
  "lossOn",
  "reasoning",
  "rejectLimit",
  "checkpointing",
  "stream",
  "memory",
  "engine",
  "precision",
  "quantize",
  "neftuneAlpha",
  "residualDropout",
  "proximal",
  "loraPlusRatio",
  "layerRateDecay",
  "samples",
  "tensorboard",
  "deterministic",
  "balanceRanks",
  "zeroStage",
  "tensorParallel",
] as const;

/** What may be different when a run goes on: it does not change the numbers, or the loop itself looks after it. */
const freeFields: readonly string[] = [
  "data",
  "validation",
  "output",
  "engine",
  "checkpointing",
  "stream",
  "memory",
  "samples",
  "tensorboard",
  "deterministic",
  "balanceRanks",
  "zeroStage",
  "tensorParallel",
  "train.saveEvery",
  "train.keepCheckpoints",
  "train.evalEvery",
  "train.patience",
  "train.maxBadSteps",
];

/**
 * Whether a field may be different when a run goes on: a free one; what a micro-batch holds where a step holds as much as before; and base
 * weights under an adapter may be packed that were not.
 */
function mayChange(path: string, options: FinetuneOptions, settings: RunSettings): boolean {
  if (freeFields.includes(path)) return true;
  if (path === "quantize") {
    return settings["method"] === "lora" && settings["quantize"] === "none" && options.quantize === "nf4";
  }
  if (!batchPaths.includes(path)) return false;
  const before = Object.fromEntries(batchKeys.map((key) => [key, settings[key]]));
  return isDeepStrictEqual(stepSize({ ...before, ...options.train }), stepSize(before));
}

const batchKeys = ["batchSize", "maxTokensPerBatch", "gradientAccumulation"] as const;
const batchPaths: readonly string[] = batchKeys.map((key) => `train.${key}`);

/** How much a step holds, and whether that is counted in tokens. */
function stepSize(settings: RunSettings): readonly [unit: "rows" | "tokens", most: number] {
  const [rows, tokens, microBatches] = batchKeys.map((key) => Number(settings[key] ?? 0));
  return tokens > 0 ? ["tokens", tokens * microBatches] : ["rows", rows * microBatches];
}

/** Largest file of settings that is read, in bytes; a config file of the command has a few kilobytes. */
const SETTINGS_BYTES_LIMIT = 16 * 1024 * 1024;

/** Characters that a message shows of something that is no settings. */
const SHOWN_CHARACTERS = 60;

const loraKeys = Object.keys(loraDefaults).filter((key) => key !== "seed") as Exclude<
  keyof LoraConfig,
  "seed"
>[];
const fullKeys = ["trainable", "lisaLayers", "lisaEvery"] as const satisfies readonly (keyof FullOptions)[];
const lossKeys = Object.keys(lossDefaults) as (keyof LossSettings)[];
const trainKeys = Object.keys(trainDefaults) as (keyof TrainConfig)[];

/** A value as JSON can keep it: paths of files and folders, names of engines, sizes as the command has them. */
function storable(key: string, value: unknown): unknown {
  if (key === "memory" && typeof value === "number") return `${value / 1000}KB`;
  if (key === "model" && typeof value === "object" && value !== null) return (value as { path: string }).path;
  if (key === "engine" && typeof value === "object" && value !== null)
    return (value as { name: string }).name;
  // Rows in memory are given again when the run goes on.
  if ((key === "data" || key === "validation") && typeof value !== "string") return undefined;
  return value;
}

/** The settings of an adapter, for a run's `config.json`. */
export function loraSettings(lora: LoraConfig): RunSettings {
  return Object.fromEntries(loraKeys.map((key) => [key, lora[key]]));
}

/** The settings of training weights themselves, for a run's `config.json`. */
export function fullSettings(full: FullOptions): RunSettings {
  return Object.fromEntries(fullKeys.map((key) => [key, full[key]]));
}

/** The settings of a run, for its `config.json`. @param ofMethod those of the way to train */
export function runSettings(
  options: FinetuneOptions,
  ofMethod: RunSettings,
  train: TrainConfig,
): RunSettings {
  const own = Object.fromEntries(ownKeys.map((key) => [key, storable(key, options[key])]));
  const loss = { ...lossDefaults, ...options.loss };
  // Where tokens say how many rows a micro-batch has, no number of rows does.
  const batches = train.maxTokensPerBatch > 0 ? { batchSize: null } : {};
  return { ...options.settings, ...own, ...ofMethod, ...loss, ...train, ...batches };
}

/** The settings of a run by its `config.json`. @throws RunFolderError */
export async function readSettings(path: string): Promise<RunSettings> {
  const file = join(path, "config.json");
  const makeFault: MakeFault = (expected, actual, cause) =>
    new RunFolderError(file, phrase`expected ${asPhrase(expected)}, got ${asPhrase(actual)}`, { cause });
  const value = await readJsonFile(file, { limit: SETTINGS_BYTES_LIMIT, makeFault });
  if (isRecord(value)) return value;
  throw makeFault("an object", JSON.stringify(value).slice(0, SHOWN_CHARACTERS));
}

/** Fields of the options that were given, by their paths, with their values as `config.json` would keep them. */
function givenFields(options: FinetuneOptions): (readonly [path: string, key: string, value: unknown])[] {
  const { lora = {}, full = {}, loss = {}, train = {} } = options;
  return [
    ...ownKeys.map((key) => [key, key, storable(key, options[key])] as const),
    ...loraKeys.map((key) => [`lora.${key}`, key, lora[key]] as const),
    ...fullKeys.map((key) => [`full.${key}`, key, full[key]] as const),
    ...lossKeys.map((key) => [`loss.${key}`, key, loss[key]] as const),
    ...trainKeys.map((key) => [`train.${key}`, key, train[key]] as const),
  ].filter(([, , value]) => value !== undefined);
}

const picked = (settings: RunSettings, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    keys.flatMap((key) =>
      Object.hasOwn(settings, key) && settings[key] !== null ? [[key, settings[key]]] : [],
    ),
  );

/** The options of a run by its settings. */
export function optionsOfSettings(settings: RunSettings): FinetuneOptions {
  return {
    ...picked(settings, ownKeys),
    ...(settings["method"] === "full"
      ? { full: picked(settings, fullKeys) }
      : { lora: picked(settings, loraKeys) }),
    loss: picked(settings, lossKeys),
    train: picked(settings, trainKeys),
  };
}

/**
 * The options that a run was begun with, with what may be changed taken from what is given.
 * @throws RecipeError when something else is given that differs; RunFolderError when its settings cannot be read
 */
export async function resumedOptions(options: FinetuneOptions, output: string): Promise<FinetuneOptions> {
  const settings = await readSettings(output);
  const given = givenFields(options);
  const faults = given
    .filter(
      ([path, key, value]) => !isDeepStrictEqual(value, settings[key]) && !mayChange(path, options, settings),
    )
    .map(([path, key, value]) => ({
      field: path,
      sentence: phrase`${field(path)} ${JSON.stringify(value)}: the run in ${output} was begun with ${JSON.stringify(settings[key]) ?? asPhrase("nothing")}; resume it with the same, or start another run`,
    }));
  if (faults.length > 0) throw new RecipeError(faults);
  const free = ownKeys.filter((key) => mayChange(key, options, settings) && options[key] !== undefined);
  const train = options.train ?? {};
  const freeInTrain = trainKeys.filter(
    (key) => mayChange(`train.${key}`, options, settings) && train[key] !== undefined,
  );
  const begun = optionsOfSettings(settings);
  return {
    ...begun,
    ...Object.fromEntries(free.map((key) => [key, options[key]])),
    train: {
      ...begun.train,
      ...Object.fromEntries(freeInTrain.map((key) => [key, train[key]])),
    },
    ...(typeof options.model === "object" ? { model: options.model } : {}),
    settings,
    output,
    resume: true,
    language: options.language,
    signal: options.signal,
    control: options.control,
    collective: options.collective,
    onEvent: options.onEvent,
  };
}
