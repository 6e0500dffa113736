import { phrase } from "@lathe/files";
import { expectedTensors, headPlace, linearPlaces, type ModelConfig } from "@lathe/model";
import { LoraConfigError, quote } from "./errors.js";
import type { SelectedTargets } from "./select-targets.js";
import { biasName, PEFT_PREFIX } from "./stored-names.js";

/** A tensor of the base that an adapter trains as a whole, beside its matrices. */
export interface WholeTensor {
  /** Its name in the base's safetensors; a head that was tied has one of its own here. */
  readonly name: string;
  /** Its name in PEFT's files, e.g. `base_model.model.….q_proj.base_layer.bias`. */
  readonly storedName: string;
  /** Path of the linear or other module that it belongs to. */
  readonly module: string;
  /** A bias is trained in its place; the tensors of a module to save are a copy, in force while the adapter is. */
  readonly kind: "bias" | "module";
  readonly shape: readonly number[];
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf(".")));

/** The modules that a tensor lies in, the innermost first. */
function modulesOf(tensor: string): string[] {
  const modules: string[] = [];
  for (let path = parentOf(tensor); path !== ""; path = parentOf(path)) modules.push(path);
  return modules;
}

/**
 * The tensors that an adapter trains as a whole in a model: those of its `modulesToSave`, whose paths end in one of the names as in
 * PEFT, and the biases that `bias` says.
 *
 * @throws LoraConfigError when a name is of no module, or a linear is both a target and saved
 */
export function wholeTensors(model: ModelConfig, { config, targets }: SelectedTargets): WholeTensor[] {
  const saved = savedTensors(model, config.modulesToSave ?? []);
  const savedModules = new Set(saved.map(({ module }) => module));
  const both = targets.find(({ path }) => savedModules.has(path));
  if (both) {
    throw new LoraConfigError(
      "modulesToSave",
      "modules without a target in them, as what is saved is trained as a whole",
      phrase`${quote(config.modulesToSave)}, which holds the target ${both.path}`,
    );
  }
  if (config.bias === "none") return saved;
  const adapted = new Set(targets.map(({ path }) => path));
  const biases = linearPlaces(model)
    .filter(({ path, bias }) => bias !== null && !savedModules.has(path))
    .filter(({ path }) => config.bias === "all" || adapted.has(path))
    .map(({ path, bias, shape: [outFeatures] }): WholeTensor => {
      return {
        name: bias!,
        storedName: biasName(path, adapted.has(path)),
        module: path,
        kind: "bias",
        shape: [outFeatures],
      };
    });
  return [...biases, ...saved];
}

function savedTensors(model: ModelConfig, names: readonly string[]): WholeTensor[] {
  if (names.length === 0) return [];
  const head = headPlace(model);
  const tensors = new Map(expectedTensors(model)).set(`${head.path}.weight`, head.shape);
  const modules = new Set([...tensors.keys()].flatMap(modulesOf));
  const isNamed = (path: string): boolean => names.some((name) => path.endsWith(name));
  const idle = names.find((name) => ![...modules].some((path) => path.endsWith(name)));
  if (idle !== undefined) {
    const ends = new Set([...tensors.keys()].map((tensor) => parentOf(tensor).replace(/^.*\./, "")));
    throw new LoraConfigError(
      "modulesToSave",
      phrase`the end of a module's path, such as ${[...ends].join(", ")}`,
      quote(idle),
    );
  }
  return [...tensors]
    .filter(([name]) => modulesOf(name).some(isNamed))
    .map(([name, shape]) => ({
      name,
      storedName: PEFT_PREFIX + name,
      module: parentOf(name),
      kind: "module",
      shape,
    }));
}
