import type { LanguageModel } from "@lathe/model";
import type { ParameterTable } from "@lathe/peft";
import type { ParameterSampling, RunFolder, StatePart, TrainableParameter } from "@lathe/train";
import type { PlanMemoryOptions } from "../memory/plan-memory.js";
import type { ModelFolder } from "../model/model-folder.js";
import type { RecipeHooks } from "../recipe-event.js";

/** Ways to train a model: an adapter beside its weights, or the weights themselves. */
export const methodNames = ["lora", "full"] as const;

/** Name of a way to train. */
export type MethodName = (typeof methodNames)[number];

/** What a way to train is held to before rows and weights are read. */
export type FolderToTrain = Pick<ModelFolder, "path" | "config">;

/** Where a run has written what it trained; null where there is none. */
export interface TrainedFolders {
  /** An adapter folder. */
  readonly adapter: string | null;
  /** A model folder. */
  readonly model: string | null;
  /** A packed model folder that the adapter belongs to, where the base was packed together with it (LoftQ). */
  readonly base: string | null;
}

/** What a run trains, on a model that is open. */
export interface Trained {
  /** With their decay and the factors on their rates. */
  readonly parameters: readonly TrainableParameter[];
  /** Which of them a step trains, where not all are. */
  readonly sampling?: ParameterSampling;
  /** What is told of them. */
  readonly table: ParameterTable;
  /** What checkpoints hold of them. */
  readonly files: StatePart;
  /** Writes the result of a complete run. */
  write(run: RunFolder): Promise<TrainedFolders>;
}

/** A way to train that fits the model, before its weights are read. */
export interface TrainingMethod {
  readonly name: MethodName;
  /** Its settings with every default filled in, as the `config.json` of a run keeps them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What a plan of memory asks for. */
  readonly plan: Pick<PlanMemoryOptions, "lora" | "trainable" | "lisaLayers">;
  /**
   * Prepares a model for it, in place of adapters that it has.
   * @param goesOn whether a checkpoint brings the values of the parameters afterwards
   */
  prepare(model: LanguageModel, goesOn: boolean, onEvent: RecipeHooks["onEvent"]): Promise<Trained>;
}
