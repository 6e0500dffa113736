import type { FinetuneOptions } from "../finetune-options.js";
import type { ModelFolder } from "../model/model-folder.js";
import { fullMethod } from "./full-method.js";
import { loraMethod } from "./lora-method.js";
import type { TrainingMethod } from "./training-method.js";

/**
 * The way to train that options ask for.
 * @param goesOn whether the run was begun before
 * @throws RecipeError, LoraConfigError, AdapterFileError
 */
export async function methodOf(
  options: FinetuneOptions,
  folder: ModelFolder,
  seed: number,
  goesOn: boolean,
): Promise<TrainingMethod> {
  return options.method === "full"
    ? await fullMethod(options, folder, seed)
    : await loraMethod(options, folder, seed, goesOn);
}
