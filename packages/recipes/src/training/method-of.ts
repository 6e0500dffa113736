import type { FinetuneOptions } from "../finetune-options.js";
import { policyOfRows } from "../model/learnt-policy.js";
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
  const policy = await policyOfRows(options.data, options);
  return options.method === "full"
    ? await fullMethod(options, folder, seed, policy)
    : await loraMethod(options, folder, seed, goesOn, policy);
}
