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
  type NamedParameter,
  trainableParameters,
  wholeTensors,
} from "@lathe/peft";
import type { FinetuneOptions } from "../finetune-options.js";
import type { ModelFolder } from "../model/model-folder.js";
import { warningOf } from "../recipe-event.js";
import { adapterFiles } from "./adapter-files.js";
import { layerFactor } from "./layer-factor.js";
import { initAdapterConfig } from "./init-adapter.js";
import { loraSettings } from "./run-settings.js";
import type { TrainingMethod } from "./training-method.js";

/** A length a row: decayed like the matrices, as it always was. */
const MAGNITUDE = ".lora_magnitude_vector";

const isMatrix = ({ name, variable }: NamedParameter): boolean =>
  variable.rank >= 2 || name.endsWith(MAGNITUDE);

/**
 * Trains a LoRA adapter, a fresh one or one that goes on.
 * @param goesOn whether the run was begun before, with a config of its own
 * @throws LoraConfigError, AdapterFileError; RecipeError when the options contradict the adapter to start from
 */
export async function loraMethod(
  { lora: asked = {}, initAdapter, loraPlusRatio = 1, layerRateDecay = 1 }: FinetuneOptions,
  folder: ModelFolder,
  seed: number,
  goesOn: boolean,
): Promise<TrainingMethod> {
  const lora =
    initAdapter === undefined || goesOn
      ? resolveLoraConfig({ ...asked, seed })
      : { ...(await initAdapterConfig(initAdapter, asked, folder.config)), seed };
  // Targets that are not there are found before the weights are read.
  wholeTensors(folder.config, selectTargets(linearPlaces(folder.config), lora));
  const ofLayer = layerFactor(folder.config, layerRateDecay);
  const factorOf = (parameter: NamedParameter): { readonly learningRateFactor?: number } => {
    const factor = ofLayer(parameter.name) * (isFast(parameter) ? loraPlusRatio : 1);
    return factor === 1 ? {} : { learningRateFactor: factor };
  };
  /** LoRA+ raises the rate of B, and as PEFT does that of everything of one axis (arXiv:2402.12354). */
  const isFast = ({ name, variable }: NamedParameter): boolean =>
    variable.rank < 2 || name.endsWith(".lora_B.weight");
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
        // Norms and biases, which are trained as a whole, are not decayed.
        parameters: trainableParameters(model).map((parameter) => ({
          ...parameter,
          ...(isMatrix(parameter) ? {} : { weightDecay: 0 }),
          ...factorOf(parameter),
        })),
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
