import { type LanguageModel, loadModel } from "@lathe/model";
import { loadAdapter } from "@lathe/peft";
import { linearReader, type WeightFormat } from "@lathe/quant";
import { cacheFormat, type CacheFormat, type Engine, type Precision, startEngine } from "@lathe/tensor";
import { policyOf } from "./learnt-policy.js";
import { type OnRecipeEvent, progressOf, type RecipeHooks, warningOf } from "../recipe-event.js";
import { expectation, RecipeError } from "../recipe-error.js";
import { type ModelFolder, readModelFolder } from "./model-folder.js";

/** Where a model computes and how it holds its weights. */
export interface EngineOptions {
  /** Name of an engine, `"auto"` for the first that runs here, or one that was started. @defaultValue "auto" */
  readonly engine?: string | Engine | undefined;
  /** Precision of products. @defaultValue "auto", the engine's default */
  readonly precision?: Precision | "auto" | undefined;
  /** Packs the base weights while they are read. @defaultValue "none" */
  readonly quantize?: WeightFormat | undefined;
}

/** How {@link openModel} opens a model folder. */
export interface OpenModelOptions extends EngineOptions, RecipeHooks {
  /** Adapter folder to put on the model. */
  readonly adapter?: string | undefined;
  /** Layers whose weights are in memory at a time, the others on disk; see `loadModel`. @defaultValue all */
  readonly residentLayers?: number | undefined;
  /** How generation is to keep keys and values: an engine that does not offer it says so before the weights are read. */
  readonly cache?: CacheFormat | "auto" | undefined;
}

/** A model that is ready to compute, for one recipe after the other. The caller disposes it. */
export interface OpenedModel extends ModelFolder {
  readonly engine: Engine;
  readonly model: LanguageModel;
  /** Frees the weights and everything on them. */
  dispose(): void;
}

/** A model folder, or a model that is open already and stays so. */
export type ModelInput = string | OpenedModel;

/** Starts an engine by its name; one that was started is taken as it is. */
export async function engineOf(
  { engine = "auto", precision }: EngineOptions,
  onEvent?: OnRecipeEvent,
): Promise<Engine> {
  if (typeof engine !== "string") return engine;
  const started = await startEngine(engine, precision);
  const { name, description, descriptionPhrase, precision: chosen, passedOver } = started;
  onEvent?.({
    type: "engine",
    engine: { name, description, descriptionPhrase, precision: chosen, passedOver },
  });
  return started;
}

/** Reads the weights of a folder, and the adapter's if one is asked for. */
async function loadFolder(folder: ModelFolder, options: OpenModelOptions): Promise<OpenedModel> {
  const { adapter, quantize = "none", signal, onEvent } = options;
  const onWarning = warningOf(onEvent);
  const policy = await policyOf(folder, adapter);
  const engine = await engineOf(options, onEvent);
  cacheFormat(options.cache);
  const model = await loadModel(folder.path, {
    engine,
    readLinear: await linearReader(folder.path, quantize, onWarning),
    onWarning,
    residentLayers: options.residentLayers,
    onProgress: progressOf(onEvent, "loading"),
  });
  try {
    if (adapter !== undefined) await loadAdapter(model, adapter, { onWarning });
    signal?.throwIfAborted();
  } catch (error) {
    model.dispose();
    throw error;
  }
  return { ...folder, policy, engine, model, dispose: () => model.dispose() };
}

/**
 * Opens a model folder once for several recipes: starts the engine, reads the weights, and the adapter if one is named.
 *
 * @throws EngineError, ModelConfigError, WeightsError, TokenizerError, AdapterFileError
 * @throws the signal's reason when it aborts
 */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<OpenedModel> {
  return await loadFolder(await readModelFolder(path, options.onEvent), options);
}

/** What is known of a model before its weights are read. */
export async function folderOf(model: ModelInput, onEvent?: OnRecipeEvent): Promise<ModelFolder> {
  return typeof model === "string" ? await readModelFolder(model, onEvent) : model;
}

/** The path of a model's folder. */
export const pathOf = (model: ModelInput): string => (typeof model === "string" ? model : model.path);

/** Says that a model that is open cannot be opened otherwise. @throws RecipeError */
function checkOpened(options: OpenModelOptions): void {
  const faults = (["adapter", "engine", "precision", "quantize"] as const)
    .filter((key) => options[key] !== undefined)
    .map((key) => expectation(key, "nothing beside a model that is open already", typeof options[key]));
  if (faults.length > 0) throw new RecipeError(faults);
}

/**
 * The model to work with. One that was opened for this work goes away with `release`, one that was handed in stays.
 * @throws RecipeError when a model that is open is asked to be opened otherwise
 */
export async function borrowModel(
  model: ModelInput,
  folder: ModelFolder,
  options: OpenModelOptions,
): Promise<{ readonly opened: OpenedModel; readonly release: () => void }> {
  if (typeof model !== "string") {
    checkOpened(options);
    return { opened: model, release: () => undefined };
  }
  const opened = await loadFolder(folder, options);
  return { opened, release: () => opened.dispose() };
}
