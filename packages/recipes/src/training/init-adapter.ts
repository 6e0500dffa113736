import { phrase } from "@lathe/files";
import { linearPlaces, type ModelConfig } from "@lathe/model";
import {
  type LoraConfig,
  loraDefaults,
  readAdapterConfig,
  resolveLoraConfig,
  selectTargets,
} from "@lathe/peft";
import { field, RecipeError } from "../recipe-error.js";

type LoraKey = Exclude<keyof LoraConfig, "seed">;

const loraKeys = Object.keys(loraDefaults).filter((key): key is LoraKey => key !== "seed");

/** Dropout is a matter of training: an adapter that goes on to learn may do so with another. */
const freeKeys: readonly LoraKey[] = ["dropout"];

/** What of a config decides which matrices there are and what they mean. */
function effectOf(model: ModelConfig, config: LoraConfig): string {
  const { targets } = selectTargets(linearPlaces(model), config);
  const { useDora, bias, modulesToSave } = config;
  return JSON.stringify([
    useDora,
    bias,
    modulesToSave,
    targets.map(({ path, rank, scale }) => [path, rank, scale]),
  ]);
}

/**
 * The config of an adapter that starts from another: what describes it comes from that adapter's own config.
 * @throws RecipeError when what was asked for contradicts it
 */
export async function initAdapterConfig(
  adapter: string,
  asked: Partial<LoraConfig>,
  model: ModelConfig,
): Promise<LoraConfig> {
  const { config: stored } = await readAdapterConfig(adapter);
  const wanted = resolveLoraConfig(asked);
  const given = loraKeys.filter((key) => asked[key] !== undefined);
  const effect = effectOf(model, stored);
  const faults = given
    .filter((key) => !freeKeys.includes(key))
    .filter((key) => effectOf(model, resolveLoraConfig({ ...stored, [key]: wanted[key] })) !== effect)
    .map((key) => ({
      field: `lora.${key}`,
      sentence: phrase`${field(`lora.${key}`)} ${JSON.stringify(wanted[key])} contradicts the adapter ${adapter}, which has ${JSON.stringify(stored[key])}; leave it out`,
    }));
  if (faults.length > 0) throw new RecipeError(faults);
  const own = loraKeys.filter(
    (key) => stored[key] !== null && !(freeKeys.includes(key) && given.includes(key)),
  );
  return { ...wanted, ...(Object.fromEntries(own.map((key) => [key, stored[key]])) as Partial<LoraConfig>) };
}
