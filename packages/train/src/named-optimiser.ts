import { adafactor } from "./adafactor.js";
import { adamW, type AdamWConfig } from "./adamw.js";
import { adamW8bit } from "./adamw-8bit.js";
import type { CreateOptimiser } from "./optimiser.js";
import { sgd } from "./sgd.js";

/** Name of an optimiser. */
export type OptimizerName = "adamw" | "adamw8bit" | "adafactor" | "sgd";

const optimisers: Readonly<Record<OptimizerName, (config: AdamWConfig) => CreateOptimiser>> = {
  adamw: adamW,
  adamw8bit: adamW8bit,
  adafactor,
  sgd,
};

/** Names of the optimisers. */
export const optimizerNames = Object.keys(optimisers) as OptimizerName[];

/** The optimiser that a config names, with the constants of the config. */
export function namedOptimiser(config: AdamWConfig & { readonly optimizer: OptimizerName }): CreateOptimiser {
  return optimisers[config.optimizer](config);
}
