import { phrase } from "@lathe/files";
import { join } from "node:path";
import {
  expectedTensors,
  floatTypes,
  type LanguageModel,
  linearPlaces,
  type ModelConfig,
  openWeights,
  rewriteWeights,
  trainableTensors,
  trainableWeights,
} from "@lathe/model";
import { adapterNames, countParameters, detach } from "@lathe/peft";
import { layerSampling, safetensorsFiles, type TrainableParameter } from "@lathe/train";
import type { FinetuneOptions, FullOptions } from "../finetune-options.js";
import { type LearntPolicy, policyFiles } from "../model/learnt-policy.js";
import type { ModelFolder } from "../model/model-folder.js";
import { withStoredTypes } from "../model/stored-types.js";
import { parameterCount } from "../memory/weight-bytes.js";
import { progressOf, type RecipeHooks, warningOf } from "../recipe-event.js";
import { expectation, field, RecipeError, type RecipeFault } from "../recipe-error.js";
import { layerFactor, layerNumberIn } from "./layer-factor.js";
import { fullSettings } from "./run-settings.js";
import type { FolderToTrain, TrainingMethod } from "./training-method.js";

const FOLDER = "model";

/** Steps between two draws of layers, where none are given. */
const LISA_EVERY = 20;

/**
 * Trains the weights themselves, all of them or those whose names begin with one of the prefixes, in float32. Norms and biases are
 * not decayed. With `lisaLayers` a few layers at a time are. The result is a model folder.
 * @param policy that rows are learnt under, which is written beside the weights
 * @throws RecipeError when a prefix is of no weight, or the base's weights are packed
 */
export async function fullMethod(
  { full = {}, layerRateDecay = 1 }: FinetuneOptions,
  folder: ModelFolder,
  seed: number,
  policy: LearntPolicy,
): Promise<TrainingMethod> {
  const { trainable = [""], lisaLayers, lisaEvery = LISA_EVERY } = full;
  const faults = await fullFaults(full, folder);
  if (faults.length > 0) throw new RecipeError(faults);
  const { layerCount } = folder.config;
  const layerOf = layerNumberIn(folder.config);
  const sampling =
    lisaLayers === undefined
      ? undefined
      : layerSampling({ layers: lisaLayers, every: lisaEvery, seed, layerCount, layerOf });
  const ofLayer = layerFactor(folder.config, layerRateDecay);
  return {
    name: "full",
    settings: fullSettings({ trainable, lisaLayers, ...(sampling ? { lisaEvery } : {}) }),
    plan: { trainable, lisaLayers },
    async prepare(model, goesOn, onEvent) {
      for (const name of adapterNames(model)) detach(model, name);
      const fixed = fixedBeginningWith(trainable, folder.config);
      if (fixed.length > 0 && !goesOn) {
        const warning = phrase`routers of experts are not trained: ${fixed.length} tensors such as ${fixed[0]} stay as they are`;
        warningOf(onEvent)(warning);
      }
      const weights = trainableWeights(model, trainable);
      const parameters = weights.map((weight) => {
        const factor = ofLayer(weight.name);
        return {
          ...weight,
          ...(weight.variable.rank < 2 ? { weightDecay: 0 } : {}),
          ...(factor === 1 ? {} : { learningRateFactor: factor }),
        };
      });
      return {
        parameters,
        ...(sampling ? { sampling } : {}),
        table: countParameters(
          parameters.map(({ name, variable }) => ({ name: groupOf(name), parameters: variable.size })),
          parameterCount(folder.config),
        ),
        files: safetensorsFiles(parameters),
        async write(run) {
          const output = join(run.path, FOLDER);
          await writeTrained(model, folder, { parameters, files: policyFiles(policy) }, output, onEvent);
          return { adapter: null, model: output, base: null };
        },
      };
    },
  };
}

/** What training weights themselves asks of a model that it does not have. @throws WeightsError */
export async function fullFaults(
  { trainable = [""], lisaLayers }: FullOptions,
  folder: FolderToTrain,
): Promise<RecipeFault[]> {
  const ofPrefixes = prefixFaults(trainable, folder);
  const ofLayers = lisaLayers === undefined ? [] : layerFaults(lisaLayers, trainable, folder);
  return [...ofPrefixes, ...ofLayers, ...(await packedFaults(folder))];
}

/** Layers are drawn among those that are trained, of which there must be some. */
function layerFaults(
  lisaLayers: number,
  prefixes: readonly string[],
  { config }: FolderToTrain,
): RecipeFault[] {
  const { layerCount } = config;
  if (!(Number.isSafeInteger(lisaLayers) && lisaLayers >= 1 && lisaLayers <= layerCount)) {
    const sentence = phrase`${field("full.lisaLayers")}: expected a whole number from 1 to the ${layerCount} layers, got ${lisaLayers}`;
    return [{ field: "full.lisaLayers", sentence }];
  }
  const layerOf = layerNumberIn(config);
  const trained = namesBeginningWith(prefixes, config);
  // Beginnings of nothing at all are a fault of their own.
  if (trained.length === 0 || trained.some((name) => layerOf(name) !== null)) return [];
  const sentence = phrase`${field("full.lisaLayers")} draws among the layers that are trained, and ${field("full.trainable")} names nothing in any of them: leave one of them out`;
  return [{ field: "full.lisaLayers", sentence }];
}

const namesBeginningWith = (prefixes: readonly string[], config: ModelConfig): string[] =>
  [...trainableTensors(config).keys()].filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));

/** Tensors that would be trained by their names, and stay as they are. */
function fixedBeginningWith(prefixes: readonly string[], config: ModelConfig): string[] {
  const trainable = trainableTensors(config);
  return [...expectedTensors(config).keys()].filter(
    (name) => !trainable.has(name) && prefixes.some((prefix) => name.startsWith(prefix)),
  );
}

function prefixFaults(prefixes: readonly string[], { config }: FolderToTrain): RecipeFault[] {
  const names = [...trainableTensors(config).keys()];
  const [example, another] = [names[0], String(names.at(-1))];
  const fixed = fixedBeginningWith(prefixes, config);
  if (prefixes.length === 0) {
    return [expectation("full.trainable", "at least one beginning of a name", "none")];
  }
  const idle = prefixes.filter((prefix) => !names.some((name) => name.startsWith(prefix)));
  return idle.map((prefix) =>
    expectation(
      "full.trainable",
      fixed.some((name) => name.startsWith(prefix))
        ? phrase`the beginning of names of tensors such as ${example} or ${another}; routers of experts stay as they are`
        : config.tieWordEmbeddings
          ? phrase`the beginning of names of tensors such as ${example} or ${another}; the head is tied to the embedding and trained with it`
          : phrase`the beginning of names of tensors such as ${example} or ${another}`,
      JSON.stringify(prefix),
    ),
  );
}

async function packedFaults({ path, config }: FolderToTrain): Promise<RecipeFault[]> {
  return await withStoredTypes(path, config, (types) => {
    const packed = linearPlaces(config).find(
      ({ weight }) => types.has(weight) && !floatTypes.includes(types.info(weight).dtype),
    );
    if (!packed) return [];
    const { dtype } = types.info(packed.weight);
    const sentence = phrase`${field("model")}: expected float weights to train, got ${dtype} for ${packed.weight} in ${path}; give the model that it was packed from, or train an adapter over it with ${field("method")} lora`;
    return [{ field: "model", sentence }];
  });
}

/** What tensors of all layers are called together: `self_attn.q_proj.weight` of `model.layers.3.self_attn.q_proj.weight`. */
const groupOf = (name: string): string => name.replace(/^.*?\.\d+\./, "");

/** The base's folder with the trained values in the place of its own, each in the type it has there. */
async function writeTrained(
  model: LanguageModel,
  folder: ModelFolder,
  trainedParts: {
    readonly parameters: readonly TrainableParameter[];
    readonly files: ReadonlyMap<string, string>;
  },
  output: string,
  onEvent: RecipeHooks["onEvent"],
): Promise<void> {
  const { parameters, files } = trainedParts;
  const weights = await openWeights(folder.path);
  try {
    const trained = new Map(parameters.map(({ name, variable }) => [name, variable]));
    const head = linearPlaces(folder.config).at(-1)!;
    // A tied model's head is its embedding: one that is stored all the same would be of the weights before.
    const isLeftOver = (name: string): boolean =>
      model.config.tieWordEmbeddings && name === `${head.path}.weight`;
    await rewriteWeights({
      model: folder.path,
      weights,
      tensors: weights
        .names()
        .filter((name) => !isLeftOver(name))
        .map((name) => {
          const variable = trained.get(name);
          return {
            source: name,
            name,
            change: variable && (async () => await variable.data<"float32">()),
          };
        }),
      output,
      files,
      called: "trained weights",
      onProgress: progressOf(onEvent, "writing"),
    });
  } finally {
    await weights.close();
  }
}
