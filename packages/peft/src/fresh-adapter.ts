import { asPhrase } from "@lathe/files";
import { linearPlaces, type ModelConfig } from "@lathe/model";
import type { StoredAdapter } from "./adapter-folder.js";
import { LoraConfigError } from "./errors.js";
import { initialMatrix } from "./initial-matrix.js";
import { type LoraConfig, resolveLoraConfig } from "./lora-config.js";
import type { HostMatrices } from "./merged-weight.js";
import { selectTargets } from "./select-targets.js";

/**
 * An adapter as it is attached to a model, without its weights: what begins by itself, and changes nothing until it is trained. Its
 * matrices are those of `attach` with the same config.
 *
 * @throws LoraConfigError on a bad value, when no linear is picked, and where an adapter begins with values of the weights (DoRA, PiSSA,
 *   LoftQ, biases and whole modules)
 */
export function freshAdapter(
  model: ModelConfig,
  options: Partial<LoraConfig> = {},
  baseModel: string | null = null,
): StoredAdapter {
  const selected = selectTargets(linearPlaces(model), resolveLoraConfig(options));
  const { seed, useDora, init, bias, modulesToSave } = selected.config;
  const refuse = (key: string, expected: string, actual: string): never => {
    throw new LoraConfigError(key, asPhrase(expected), actual);
  };
  if (useDora) refuse("useDora", "false where the weights are not read", "true");
  if (init !== "kaiming") refuse("init", "kaiming where the weights are not read", init);
  if (bias !== "none") refuse("bias", "none where the weights are not read", bias);
  if (modulesToSave !== null)
    refuse("modulesToSave", "null where the weights are not read", modulesToSave.join(", "));
  const matrices = selected.targets.map(({ path, rank, shape: [outFeatures, inFeatures] }) => {
    const own: HostMatrices = {
      a: initialMatrix(rank, inFeatures, seed, path),
      b: new Float32Array(outFeatures * rank),
      magnitude: null,
    };
    return [path, own] as const;
  });
  return { ...selected, baseModel, matrices: new Map(matrices), whole: new Map(), wholeShapes: new Map() };
}
