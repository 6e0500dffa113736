import {
  elementCount,
  expectedTensors,
  type LanguageModel,
  linearPlaces,
  type ModelConfig,
} from "@lathe/model";
import { adaptedPlaces, adapterConfig, DEFAULT_ADAPTER } from "./adapted-model.js";
import { type LoraConfig, resolveLoraConfig } from "./lora-config.js";
import { matricesOf } from "./trainable-parameters.js";
import { type SelectedTargets, selectTargets } from "./select-targets.js";
import { wholeTensors } from "./whole-tensors.js";

/** Linears of one name and the parameters an adapter has on them. */
export interface ParameterGroup {
  /** Name of the linears, e.g. `q_proj`. */
  readonly name: string;
  /** How many linears of this name are adapted. */
  readonly linears: number;
  readonly parameters: number;
}

/** How many parameters an adapter trains. */
export interface ParameterTable {
  readonly groups: readonly ParameterGroup[];
  readonly trainable: number;
  /** Parameters of model and adapter together, as PEFT counts them. */
  readonly all: number;
  /** 100 · trainable / all */
  readonly percent: number;
}

/**
 * Counts the parameters of an adapter that a model has.
 * @throws AdapterStateError if the model has no such adapter
 */
export function parameterTable(model: LanguageModel, name: string = DEFAULT_ADAPTER): ParameterTable {
  const ofMatrices = adaptedPlaces(model).flatMap((place) => {
    const matrices = place.adapted.adapters.get(name);
    if (!matrices) return [];
    const sizes = matricesOf(matrices).map(({ variable }) => variable.size);
    return [{ name: place.name, parameters: sum(sizes) }];
  });
  const config = adapterConfig(model, name);
  const selected = selectTargets(linearPlaces(model.config), config);
  return tableWith([...ofMatrices, ...wholeCounts(model.config, selected)], model.config);
}

/**
 * Counts the parameters an adapter would have, from the dimensions of a model alone: no weights are needed.
 * @param options see {@link LoraConfig}   @throws LoraConfigError
 */
export function estimateParameters(model: ModelConfig, options: Partial<LoraConfig> = {}): ParameterTable {
  const selected = selectTargets(linearPlaces(model), resolveLoraConfig(options));
  const { config, targets } = selected;
  const ofMatrices = targets.map(({ name, rank, shape: [outFeatures, inFeatures] }) => ({
    name,
    parameters: rank * (inFeatures + outFeatures) + (config.useDora ? outFeatures : 0),
  }));
  return tableWith([...ofMatrices, ...wholeCounts(model, selected)], model);
}

/** Tensors that are trained as a whole: modules under their names, biases together. */
function wholeCounts(
  model: ModelConfig,
  selected: SelectedTargets,
): { readonly name: string; readonly parameters: number }[] {
  return wholeTensors(model, selected).map(({ kind, module, shape }) => ({
    name: kind === "bias" ? "bias" : module.slice(module.lastIndexOf(".") + 1),
    parameters: elementCount(shape),
  }));
}

/** A table of parameters that come on top of those of a model. */
function tableWith(
  counted: readonly { readonly name: string; readonly parameters: number }[],
  model: ModelConfig,
): ParameterTable {
  const ofModel = [...expectedTensors(model).values()].map((shape) => elementCount(shape));
  return countParameters(counted, sum([...ofModel, ...counted.map(({ parameters }) => parameters)]));
}

/**
 * The table of parameters that are known one by one.
 * @param counted those that are trained; equal names make a group   @param all parameters, trained or not
 */
export function countParameters(
  counted: readonly { readonly name: string; readonly parameters: number }[],
  all: number,
): ParameterTable {
  const groups = new Map<string, ParameterGroup>();
  for (const { name, parameters } of counted) {
    const group = groups.get(name) ?? { name, linears: 0, parameters: 0 };
    groups.set(name, { name, linears: group.linears + 1, parameters: group.parameters + parameters });
  }
  const trainable = sum(counted.map(({ parameters }) => parameters));
  return { groups: [...groups.values()], trainable, all, percent: (100 * trainable) / all };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
