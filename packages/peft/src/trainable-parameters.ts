import { phrase } from "@lathe/files";
import type * as tf from "@tensorflow/tfjs-core";
import type { AdaptableModel } from "./adaptable-model.js";
import { activeAdapters, adaptedPlaces, adapterConfig, requireUnmerged } from "./adapted-model.js";
import { AdapterStateError } from "./errors.js";
import type { LoraMatrices } from "./lora-linear.js";
import { biasName, type MatrixKind, parameterName } from "./stored-names.js";

/** A variable under the name it has in PEFT's files. */
export interface NamedParameter {
  readonly name: string;
  readonly variable: tf.Variable;
}

/** The variables of one linear's matrices. */
export function matricesOf({ a, b, magnitude }: LoraMatrices): { kind: MatrixKind; variable: tf.Variable }[] {
  return [
    { kind: "a" as const, variable: a },
    { kind: "b" as const, variable: b },
    ...(magnitude ? [{ kind: "magnitude" as const, variable: magnitude }] : []),
  ];
}

/**
 * The variables to train: those of one adapter, in the order of the model's linears. The adapter owns them; an
 * optimiser assigns to them.
 *
 * @param name the adapter; may be left out while exactly one is active. Other active adapters stay as they are.
 * @throws AdapterStateError if it is not clear which adapter is meant, the model has none of the name, the adapter is
 * not active, or the model is merged
 */
export function trainableParameters(model: AdaptableModel, name?: string): NamedParameter[] {
  requireUnmerged(model, "trainableParameters");
  const active = activeAdapters(model);
  if (name === undefined && active.length !== 1) {
    throw new AdapterStateError(
      null,
      active.length === 0
        ? "trainableParameters: expected an active adapter, got a model without one; attach one"
        : phrase`trainableParameters: expected the name of the adapter to train, got ${active.join(", ")} active`,
    );
  }
  const chosen = name ?? active[0];
  adapterConfig(model, chosen);
  if (!active.includes(chosen)) {
    throw new AdapterStateError(
      chosen,
      phrase`trainableParameters: adapter ${chosen} is not active; activate it first`,
    );
  }
  return adapterParameters(model, chosen);
}

/** The variables of an adapter, active or not, under their names in PEFT's files. */
export function adapterParameters(model: AdaptableModel, name: string): NamedParameter[] {
  const places = adaptedPlaces(model).filter(({ adapted }) => adapted.adapters.has(name));
  const matrices = places.flatMap(({ path, adapted }) =>
    matricesOf(adapted.adapters.get(name)!).map(({ kind, variable }) => ({
      name: parameterName(path, kind),
      variable,
    })),
  );
  const saved = places[0]?.adapted.adapters.get(name)?.saved?.tensors ?? [];
  return [...matrices, ...trainedBiases(model, name), ...saved];
}

function trainedBiases(model: AdaptableModel, name: string): NamedParameter[] {
  return adaptedPlaces(model).flatMap(({ path, adapted: { bias, adapters } }) => {
    if (bias?.adapter !== name) return [];
    return [{ name: biasName(path, adapters.has(name)), variable: bias.variable }];
  });
}
