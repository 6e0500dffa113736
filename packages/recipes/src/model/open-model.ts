import { type LanguageModel, loadModel, type TensorGroup } from "@lathe/model";
import { loadAdapter } from "@lathe/peft";
import { linearReader, type WeightFormat, withStoredHead } from "@lathe/quant";
import { cacheFormat, type CacheFormat, type Engine, type Precision, startEngine } from "@lathe/tensor";
import { packedFormatOf } from "./packed-format-of.js";
import { policyOf } from "./learnt-policy.js";
import { type OnRecipeEvent, progressOf, type RecipeHooks, warningOf } from "../recipe-event.js";
import { expectation, RecipeError } from "../recipe-error.js";
import { packedStreamFault } from "../training/packed-stream-fault.js";
import { type ModelFolder, readModelFolder } from "./model-folder.js";
import { RESIDENT_LAYERS } from "./resident-layers.js";

/** Where a model computes and how it holds its weights. */
export interface EngineOptions {
  /** Name of an engine, `"auto"` for the first that runs here, or one that was started. @defaultValue "auto" */
  readonly engine?: string | Engine | undefined;
  /** Precision of products. @defaultValue "auto", the engine's default over weights of that format */
  readonly precision?: Precision | "auto" | undefined;
  /** Packs the base weights while they are read. @defaultValue "none" */
  readonly quantize?: WeightFormat | undefined;
}

/** Where the weights of a model's layers lie. */
export interface StreamOptions {
  /**
   * Leaves them on disk and reads one layer after the other, of experts those that tokens go to. All that is computed together passes a
   * layer before the next is read. @defaultValue false
   */
  readonly stream?: boolean | undefined;
}

/** With whom a model is computed. */
export interface GroupOptions {
  /** Processes that have a share of its layers each. @defaultValue none */
  readonly group?: TensorGroup | null | undefined;
}

/** How {@link openModel} opens a model folder. */
export interface OpenModelOptions extends EngineOptions, RecipeHooks {
  /** Adapter folder to put on the model. */
  readonly adapter?: string | undefined;
  /** How generation is to keep keys and values: an engine that does not offer it says so before the weights are read. */
  readonly cache?: CacheFormat | "auto" | undefined;
}

/** How the output head is held. */
export interface HeadOptions {
  /** In the type that it is stored in, also beside packed layers. @defaultValue false, there in 8 bits */
  readonly storedHead?: boolean | undefined;
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

/**
 * Starts an engine by its name; one that was started is taken as it is.
 * @param folder the model's, whose weights may be packed, which the engine's default precision goes by
 */
export async function engineOf(
  { engine = "auto", precision, quantize = "none" }: EngineOptions,
  onEvent?: OnRecipeEvent,
  folder?: string,
): Promise<Engine> {
  if (typeof engine !== "string") return engine;
  const stored = folder === undefined ? null : await packedFormatOf(folder);
  const started = await startEngine(engine, precision, stored ?? quantize);
  const { name, description, descriptionPhrase, precision: chosen, passedOver } = started;
  onEvent?.({
    type: "engine",
    engine: { name, description, descriptionPhrase, precision: chosen, passedOver },
  });
  return started;
}

/** Reads the weights of a folder, and the adapter's if one is asked for. */
async function loadFolder(
  folder: ModelFolder,
  options: OpenModelOptions & StreamOptions & GroupOptions & HeadOptions,
): Promise<OpenedModel> {
  const { adapter, quantize = "none", stream = false, storedHead = false, group, signal, onEvent } = options;
  const fault = stream ? packedStreamFault(quantize) : null;
  if (fault) throw new RecipeError([fault]);
  const onWarning = warningOf(onEvent);
  const policy = await policyOf(folder, adapter);
  const engine = await engineOf(options, onEvent, folder.path);
  cacheFormat(options.cache);
  const readLinear = await linearReader(folder.path, quantize, onWarning);
  const model = await loadModel(folder.path, {
    engine,
    readLinear: storedHead ? withStoredHead(readLinear) : readLinear,
    onWarning,
    ...(group ? { group } : {}),
    residentLayers: stream ? RESIDENT_LAYERS : undefined,
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
export async function openModel(
  path: string,
  options: OpenModelOptions & StreamOptions & HeadOptions = {},
): Promise<OpenedModel> {
  return await loadFolder(await readModelFolder(path, options.onEvent), options);
}

/** What is known of a model before its weights are read. */
export async function folderOf(model: ModelInput, onEvent?: OnRecipeEvent): Promise<ModelFolder> {
  return typeof model === "string" ? await readModelFolder(model, onEvent) : model;
}

/** The path of a model's folder. */
export const pathOf = (model: ModelInput): string => (typeof model === "string" ? model : model.path);

/** Says that a model that is open cannot be opened otherwise. @throws RecipeError */
function checkOpened(options: OpenModelOptions & StreamOptions): void {
  const faults = (["adapter", "engine", "precision", "quantize", "stream"] as const)
    .filter((key) => options[key] !== undefined && options[key] !== false)
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
  options: OpenModelOptions & StreamOptions & GroupOptions,
): Promise<{ readonly opened: OpenedModel; readonly release: () => void }> {
  if (typeof model !== "string") {
    checkOpened(options);
    return { opened: model, release: () => undefined };
  }
  const opened = await loadFolder(folder, options);
  return { opened, release: () => opened.dispose() };
}
