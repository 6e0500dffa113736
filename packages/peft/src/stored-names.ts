/** PEFT holds the model in a module of its own. */
export const PEFT_PREFIX = "base_model.model.";

/** The matrices of an adapter on one linear, each with the end of its name. */
export const matrixSuffixes = {
  a: ".lora_A.weight",
  b: ".lora_B.weight",
  magnitude: ".lora_magnitude_vector",
} as const;

/** One of the matrices of an adapter on a linear. */
export type MatrixKind = keyof typeof matrixSuffixes;

/** Name of a matrix in PEFT's files, e.g. `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`. */
export function parameterName(path: string, kind: MatrixKind): string {
  return `${PEFT_PREFIX}${path}${matrixSuffixes[kind]}`;
}

/** Name of a trained bias in PEFT's files. @param isAdapted whether the linear has matrices, too */
export function biasName(path: string, isAdapted: boolean): string {
  return `${PEFT_PREFIX}${path}${isAdapted ? ".base_layer" : ""}.bias`;
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
