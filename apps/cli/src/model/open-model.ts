import {
  checkTokenizerFits,
  type LanguageModel,
  loadModel,
  loadTokenizer,
  type ModelConfig,
  readModelConfig,
  type Tokenizer,
} from "@lathe/model";
import { type LoraConfig, loadAdapter } from "@lathe/peft";
import { linearReader, type WeightFormat } from "@lathe/quant";
import { cacheFormat, type CacheFormat, type Engine, type Precision, startEngine } from "@lathe/tensor";
import { withVerbs } from "../command-name.js";
import type { VerbContext } from "../define-verb.js";

/** Options of every verb that loads a model. */
export interface ModelOptions {
  readonly model: string;
  readonly adapter?: string | undefined;
  readonly engine: string;
  readonly precision: Precision | "auto";
  readonly quantize: WeightFormat;
  /** How generation is to keep keys and values, where the verb generates. */
  readonly cache?: CacheFormat | "auto" | undefined;
}

/** What is known of a model before its weights are read. */
export interface ModelFolder {
  readonly path: string;
  readonly config: ModelConfig;
  /** Null where the folder has none: such a model works on token ids alone. */
  readonly tokenizer: Tokenizer | null;
}

/** A model that is ready to compute. */
export interface OpenModel extends ModelFolder {
  readonly engine: Engine;
  readonly model: LanguageModel;
  /** Config of the adapter, where one was asked for. */
  readonly adapter: LoraConfig | null;
}

/** Reads config and tokenizer and holds them to each other. */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const config = await readModelConfig(path);
  const tokenizer = await loadTokenizer(path);
  if (tokenizer) checkTokenizerFits(tokenizer, config);
  return { path, config, tokenizer };
}

/** Starts the engine and says which it is, and why not another. */
export async function startEngineAloud(
  { engine, precision }: Pick<ModelOptions, "engine" | "precision">,
  { messages, note, command }: VerbContext,
): Promise<Engine> {
  const started = await startEngine(engine, precision);
  for (const { name, reason } of started.passedOver) {
    note(messages.passedOver(name, withVerbs(firstLine(reason), command), command));
  }
  note(messages.engine(started.name, started.precision, started.description));
  return started;
}

/** Reads the weights, and the adapter's if one is asked for. */
export async function openModel(
  folder: ModelFolder,
  options: ModelOptions,
  context: VerbContext,
): Promise<OpenModel> {
  const { messages, warn, signal } = context;
  const engine = await startEngineAloud(options, context);
  // An engine that does not offer it says so before the weights are read.
  cacheFormat(options.cache);
  const bar = context.progress({ label: messages.loadingModel });
  try {
    const model = await loadModel(folder.path, {
      engine,
      readLinear: await linearReader(folder.path, options.quantize, warn),
      onWarning: warn,
      onProgress: bar.update,
    });
    const adapter =
      options.adapter === undefined ? null : await loadAdapter(model, options.adapter, { onWarning: warn });
    signal.throwIfAborted();
    return { ...folder, engine, model, adapter };
  } finally {
    bar.end();
  }
}

/** A reason may be a whole list of what was tried; a note before every run is one line. */
const firstLine = (text: string): string => text.split("\n", 1)[0];
