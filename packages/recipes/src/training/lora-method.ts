import { linearPlaces } from "@lathe/model";
import {
  adapterNames,
  attach,
  detach,
  loadAdapter,
  parameterTable,
  resolveLoraConfig,
  saveAdapter,
  selectTargets,
  trainableParameters,
} from "@lathe/peft";
import type { FinetuneOptions } from "../finetune-options.js";
import type { ModelFolder } from "../model/model-folder.js";
import { warningOf } from "../recipe-event.js";
import { adapterFiles } from "./adapter-files.js";
import { initAdapterConfig } from "./init-adapter.js";
import { loraSettings } from "./run-settings.js";
import type { TrainingMethod } from "./training-method.js";

/**
 * Trains a LoRA adapter, a fresh one or one that goes on.
 * @param goesOn whether the run was begun before, with a config of its own
 * @throws LoraConfigError, AdapterFileError; RecipeError when the options contradict the adapter to start from
 */
export async function loraMethod(
  { lora: asked = {}, initAdapter }: FinetuneOptions,
  folder: ModelFolder,
  seed: number,
  goesOn: boolean,
): Promise<TrainingMethod> {
  const lora =
    initAdapter === undefined || goesOn
      ? resolveLoraConfig({ ...asked, seed })
      : { ...(await initAdapterConfig(initAdapter, asked, folder.config)), seed };
  // Targets that are not there are found before the weights are read.
  selectTargets(linearPlaces(folder.config), lora);
  return {
    name: "lora",
    settings: loraSettings(lora),
    plan: { lora },
    async prepare(model, hasCheckpoint, onEvent) {
      const onWarning = warningOf(onEvent);
      for (const name of adapterNames(model)) detach(model, name);
      if (initAdapter !== undefined && !hasCheckpoint) {
        await loadAdapter(model, initAdapter, { dropout: lora.dropout, onWarning });
      } else {
        attach(model, lora, { onWarning });
      }
      const baseModel = folder.path;
      return {
        parameters: trainableParameters(model),
        table: parameterTable(model),
        files: adapterFiles(model, baseModel),
        async write(run) {
          await saveAdapter(model, run.adapterPath, { baseModel });
          return { adapter: run.adapterPath, model: null };
        },
      };
    },
  };
}
