import type * as tf from "@tensorflow/tfjs-core";
import {
  activeAdapters,
  type AdaptableModel,
  adaptedPlaces,
  adapterConfig,
  requireUnmerged,
} from "./adapted-model.js";
import { AdapterStateError } from "./errors.js";
import type { LoraMatrices } from "./lora-linear.js";

/** A variable under the name it has in PEFT's files. */
export interface NamedParameter {
  readonly name: string;
  readonly variable: tf.Variable;
}

/** PEFT holds the model in a module of its own. */
const PEFT_PREFIX = "base_model.model.";

/** The matrices of an adapter on one linear, each with the end of its name. */
export const matrixSuffixes = {
  a: ".lora_A.weight",
  b: ".lora_B.weight",
  magnitude: ".lora_magnitude_vector",
} as const;

export type MatrixKind = keyof typeof matrixSuffixes;

/** Name of a matrix in PEFT's files, e.g. `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`. */
export function parameterName(path: string, kind: MatrixKind): string {
  return `${PEFT_PREFIX}${path}${matrixSuffixes[kind]}`;
}

/** The path and kind that a name in PEFT's files stands for, or null. */
export function parseParameterName(name: string): { path: string; kind: MatrixKind } | null {
  if (!name.startsWith(PEFT_PREFIX)) return null;
  // Before 0.10, PEFT kept the magnitude as the weight of a module.
  const current = name.endsWith(`${matrixSuffixes.magnitude}.weight`)
    ? name.slice(0, -".weight".length)
    : name;
  for (const kind of Object.keys(matrixSuffixes) as MatrixKind[]) {
    if (current.endsWith(matrixSuffixes[kind])) {
      return { path: current.slice(PEFT_PREFIX.length, -matrixSuffixes[kind].length), kind };
    }
  }
  return null;
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
        : `trainableParameters: expected the name of the adapter to train, got ${active.join(", ")} active`,
    );
  }
  const chosen = name ?? active[0];
  adapterConfig(model, chosen);
  if (!active.includes(chosen)) {
    throw new AdapterStateError(
      chosen,
      `trainableParameters: adapter ${chosen} is not active; activate it first`,
    );
  }
  return adapterParameters(model, chosen);
}

/** The variables of an adapter, active or not, under their names in PEFT's files. */
export function adapterParameters(model: AdaptableModel, name: string): NamedParameter[] {
  return adaptedPlaces(model).flatMap(({ path, adapted }) => {
    const matrices = adapted.adapters.get(name);
    return matrices
      ? matricesOf(matrices).map(({ kind, variable }) => ({ name: parameterName(path, kind), variable }))
      : [];
  });
}
