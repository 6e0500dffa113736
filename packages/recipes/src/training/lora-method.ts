import { join } from "node:path";
import { phrase } from "@lathe/files";
import { linearPlaces, type ModelConfig } from "@lathe/model";
import {
  adapterNames,
  attach,
  detach,
  type LoraConfig,
  loadAdapter,
  parameterTable,
  resolveLoraConfig,
  saveAdapter,
  selectTargets,
  type NamedParameter,
  trainableParameters,
  wholeTensors,
} from "@lathe/peft";
import { quantizeWeights } from "@lathe/quant";
import type { FinetuneOptions } from "../finetune-options.js";
import { type LearntPolicy, policyFiles } from "../model/learnt-policy.js";
import type { ModelFolder } from "../model/model-folder.js";
import { faultsOf } from "../fields-of-packages.js";
import { packedFormatOf } from "../model/packed-format-of.js";
import { field, RecipeError, type RecipeFault } from "../recipe-error.js";
import { warningOf } from "../recipe-event.js";
import { adapterFiles } from "./adapter-files.js";
import { layerFactor } from "./layer-factor.js";
import { initAdapterConfig } from "./init-adapter.js";
import { packForAdapter } from "./loftq.js";
import { loraSettings } from "./run-settings.js";
import type { FolderToTrain, TrainingMethod } from "./training-method.js";

/** A base that was packed together with the adapter. */
const BASE_FOLDER = "base";

/** A length a row: decayed like the matrices, as it always was. */
const MAGNITUDE = ".lora_magnitude_vector";

const isMatrix = ({ name, variable }: NamedParameter): boolean =>
  variable.rank >= 2 || name.endsWith(MAGNITUDE);

/** A base that is packed already cannot be packed with an adapter. */
async function packedFaults({ path }: FolderToTrain): Promise<RecipeFault[]> {
  const format = await packedFormatOf(path);
  if (format === null) return [];
  const sentence = phrase`${field("lora.init")} loftq packs the base together with the adapter, and ${path} has ${format} weights: give the model that it was packed from`;
  return [{ field: "lora.init", sentence }];
}

/** The config of an adapter: its own where one goes on. @throws RecipeError, LoraConfigError, AdapterFileError */
async function configOf(
  { lora = {}, initAdapter }: Pick<FinetuneOptions, "lora" | "initAdapter">,
  { config }: FolderToTrain,
): Promise<LoraConfig> {
  return initAdapter === undefined
    ? resolveLoraConfig(lora)
    : await initAdapterConfig(initAdapter, lora, config);
}

/**
 * What a config names that a model does not have. Where its targets are not there, what they would be holds no more; ranks that no
 * linear can use, layers that have none and modules that are not there are at fault all the same.
 */
function selectionFaults(config: ModelConfig, lora: LoraConfig): RecipeFault[] {
  const places = linearPlaces(config);
  const faults = faultsOf(() => wholeTensors(config, selectTargets(places, lora)));
  if (faults.length === 0) return [];
  const longest = Math.max(...places.flatMap(({ shape }) => shape));
  const widest = places.filter(({ shape }) => shape.includes(longest)).slice(0, 1);
  const anywhere = { ...lora, targets: widest.map(({ path }) => path), excludeModules: null, layers: null };
  const ofLayers = places.filter(({ layer }) => layer !== null).map(({ name }) => name);
  const everywhere = { ...lora, targets: ofLayers, excludeModules: null };
  const others = [
    ...faultsOf(() => selectTargets(widest, anywhere)),
    ...faultsOf(() => selectTargets(places, { ...everywhere, rank: 1, rankPattern: {} })),
    ...faultsOf(() => wholeTensors(config, { config: lora, targets: [] })),
  ];
  const isNew = ({ field: name }: RecipeFault): boolean => faults.every(({ field }) => field !== name);
  return [...faults, ...others.filter(isNew)];
}

/** What training an adapter asks of a model that it does not have. @throws AdapterFileError */
export async function loraFaults(
  options: Pick<FinetuneOptions, "lora" | "initAdapter">,
  folder: FolderToTrain,
): Promise<RecipeFault[]> {
  const ofPacked = options.lora?.init === "loftq" ? await packedFaults(folder) : [];
  try {
    const lora = await configOf(options, folder);
    return [...selectionFaults(folder.config, lora), ...ofPacked];
  } catch (error) {
    return [
      ...faultsOf(() => {
        throw error;
      }),
      ...ofPacked,
    ];
  }
}

/**
 * Trains a LoRA adapter, a fresh one or one that goes on.
 * @param goesOn whether the run was begun before, with a config of its own
 * @param policy that rows are learnt under, which is written beside the adapter
 * @throws LoraConfigError, AdapterFileError; RecipeError when the options contradict the adapter to start from
 */
export async function loraMethod(
  { lora: asked = {}, initAdapter, loraPlusRatio = 1, layerRateDecay = 1 }: FinetuneOptions,
  folder: ModelFolder,
  seed: number,
  goesOn: boolean,
  policy: LearntPolicy,
): Promise<TrainingMethod> {
  const start = { lora: asked, ...(goesOn ? {} : { initAdapter }) };
  const faults = await loraFaults(start, folder);
  if (faults.length > 0) throw new RecipeError(faults);
  const lora = { ...(await configOf(start, folder)), seed };
  const selected = selectTargets(linearPlaces(folder.config), lora);
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
      const starts =
        lora.init === "loftq" ? await packForAdapter(model, folder.path, selected.targets, seed) : null;
      if (initAdapter !== undefined && !hasCheckpoint) {
        await loadAdapter(model, initAdapter, { dropout: lora.dropout, onWarning });
      } else {
        attach(model, lora, { onWarning, factorsOf: ({ path }) => starts?.get(path)?.factors ?? null });
      }
      return {
        // Norms and biases, which are trained as a whole, are not decayed.
        parameters: trainableParameters(model).map((parameter) => ({
          ...parameter,
          ...(isMatrix(parameter) ? {} : { weightDecay: 0 }),
          ...factorOf(parameter),
        })),
        table: parameterTable(model),
        files: adapterFiles(model, folder.path, policyFiles(policy)),
        async write(run) {
          const base = starts && join(run.path, BASE_FOLDER);
          if (starts && base) {
            const packed = new Map(
              selected.targets.flatMap(({ path, weight }) => {
                const start = starts.get(path);
                return start ? [[weight, start.matrix] as const] : [];
              }),
            );
            await quantizeWeights({
              model: folder.path,
              output: base,
              format: "nf4",
              packed,
              overwrite: true,
            });
          }
          await saveAdapter(model, run.adapterPath, {
            baseModel: base ?? folder.path,
            files: policyFiles(policy),
          });
          return { adapter: run.adapterPath, model: null, base };
        },
      };
    },
  };
}
