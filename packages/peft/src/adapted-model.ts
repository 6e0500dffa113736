import { type Phrase, phrase } from "@lathe/files";
import type { NamedLinear } from "@lathe/model";
import type { AdaptableModel } from "./adaptable-model.js";
import { AdapterStateError } from "./errors.js";
import type { LoraConfig } from "./lora-config.js";
import { LoraLinear } from "./lora-linear.js";
import { MergedLinear } from "./merged-linear.js";

/** Name of an adapter where none is given, as in PEFT. */
export const DEFAULT_ADAPTER = "default";

/** A place of the model that is under adapters. */
export interface AdaptedPlace extends NamedLinear {
  readonly adapted: LoraLinear;
  /** Null unless the place is merged. */
  readonly merged: MergedLinear | null;
}

/** The places under adapters, merged or not. What adapters a model has is known from its linears alone. */
export function adaptedPlaces(model: AdaptableModel): AdaptedPlace[] {
  return model.linears().flatMap((place): AdaptedPlace[] => {
    const { linear } = place;
    if (linear instanceof LoraLinear) return [{ ...place, adapted: linear, merged: null }];
    if (linear instanceof MergedLinear) return [{ ...place, adapted: linear.adapted, merged: linear }];
    return [];
  });
}

/** Names of the adapters a model has, in the order in which they were attached. */
export function adapterNames(model: AdaptableModel): string[] {
  return [...configsOf(model).keys()];
}

/** Names of the adapters in force. */
export function activeAdapters(model: AdaptableModel): string[] {
  const names = new Set(adapterNames(model));
  return [...(adaptedPlaces(model)[0]?.adapted.active ?? [])].filter((name) => names.has(name));
}

/** Whether adapters are merged into the weights at present. */
export function isMerged(model: AdaptableModel): boolean {
  return adaptedPlaces(model).some(({ merged }) => merged !== null);
}

/** The config that an adapter was attached with. @throws AdapterStateError if the model has no such adapter */
export function adapterConfig(model: AdaptableModel, name: string = DEFAULT_ADAPTER): LoraConfig {
  const configs = configsOf(model);
  const config = configs.get(name);
  if (!config) throw new AdapterStateError(name, missing(name, [...configs.keys()]));
  return config;
}

/** @throws AdapterStateError if adapters are merged */
export function requireUnmerged(model: AdaptableModel, doing: string): void {
  if (isMerged(model)) {
    throw new AdapterStateError(
      null,
      phrase`${doing}: the model's adapters are merged into its weights; unmerge it first`,
    );
  }
}

function configsOf(model: AdaptableModel): Map<string, LoraConfig> {
  const configs = new Map<string, LoraConfig>();
  for (const { adapted } of adaptedPlaces(model)) {
    for (const [name, { config }] of adapted.adapters) configs.set(name, config);
  }
  return configs;
}

function missing(name: string, names: readonly string[]): Phrase {
  return names.length === 0
    ? phrase`expected an adapter named ${name}, got a model without adapters`
    : phrase`expected an adapter among ${names.join(", ")}, got ${name}`;
}
