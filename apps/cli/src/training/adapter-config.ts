import { kebabCase, UsageError } from "@lathe/command";
import { linearPlaces, type ModelConfig } from "@lathe/model";
import {
  type LoraConfig,
  loraDefaults,
  readAdapterConfig,
  resolveLoraConfig,
  selectTargets,
} from "@lathe/peft";
import type { TrainVerbOptions } from "./train-options.js";

type LoraKey = Exclude<keyof LoraConfig, "seed">;

const loraKeys = Object.keys(loraDefaults).filter((key): key is LoraKey => key !== "seed");

/** Dropout is a matter of training: an adapter that goes on to learn may do so with another. */
const freeKeys: readonly LoraKey[] = ["dropout"];

/** The part of a run's options that describes its adapter. */
export function loraConfigOf(options: TrainVerbOptions): LoraConfig {
  const { excludeModules = null, layers = null, seed } = options;
  const { rank, alpha, dropout, targets, useRslora, useDora, rankPattern, alphaPattern } = options;
  return resolveLoraConfig({
    ...{ rank, alpha, dropout, targets, useRslora, useDora, rankPattern, alphaPattern },
    ...{ excludeModules, layers, seed },
  });
}

/** What of a config decides which matrices there are and what they mean. */
function effectOf(model: ModelConfig, config: LoraConfig): string {
  const { targets } = selectTargets(linearPlaces(model), config);
  return JSON.stringify([config.useDora, targets.map(({ path, rank, scale }) => [path, rank, scale])]);
}

/**
 * Options of a run that starts from an adapter: what describes the adapter comes from its own config.
 * @throws UsageError when what was given contradicts it
 */
export async function withInitAdapter<Options extends TrainVerbOptions>(
  options: Options,
  given: ReadonlySet<string>,
  model: ModelConfig,
): Promise<Options> {
  if (options.initAdapter === undefined) return options;
  const { config: stored } = await readAdapterConfig(options.initAdapter);
  const wanted = loraConfigOf(options);
  const effect = effectOf(model, stored);
  const faults = loraKeys
    .filter((key) => given.has(key) && !freeKeys.includes(key))
    .filter((key) => effectOf(model, resolveLoraConfig({ ...stored, [key]: wanted[key] })) !== effect)
    .map(
      (key) =>
        `--${kebabCase(key)} ${JSON.stringify(wanted[key])} contradicts the adapter ${options.initAdapter}, which has ${JSON.stringify(stored[key])}; leave the flag out`,
    );
  if (faults.length > 0) throw new UsageError(faults, "train");
  const own = Object.fromEntries(
    loraKeys
      .filter((key) => stored[key] !== null && !(freeKeys.includes(key) && given.has(key)))
      .map((key) => [key, stored[key]]),
  ) as Partial<TrainVerbOptions>;
  return { ...options, ...own };
}
