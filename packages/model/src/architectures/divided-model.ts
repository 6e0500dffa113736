import { phrase, type Phrase } from "@lathe/files";
import type { ModelConfig } from "../config/model-config.js";
import { architectureOf } from "./architecture-of.js";
import { shareOf } from "./linear-share.js";

/** Sizes of groups that are named where another was asked for. */
const LARGEST_NAMED = 64;

/**
 * Why so many processes cannot compute the layers of a model together, each with equal shares of heads and of the width of its MLPs;
 * null where they can.
 */
export function divisionFault(config: ModelConfig, size: number): Phrase | null {
  const odd = undividedPart(config, size);
  if (!odd) return null;
  const sizes = Array.from({ length: LARGEST_NAMED - 1 }, (_, i) => i + 2);
  const possible = sizes.filter((other) => !undividedPart(config, other));
  const { path, pieces } = odd;
  return possible.length === 0
    ? phrase`${size} ranks cannot share ${path}, of which there are ${pieces} pieces, and no other number can`
    : phrase`${size} ranks cannot share ${path}, of which there are ${pieces} pieces; these numbers can: ${possible.join(", ")}`;
}

/** The first linear that does not come to equal shares. */
function undividedPart(
  config: ModelConfig,
  size: number,
): { readonly path: string; readonly pieces: number } | null {
  const architecture = architectureOf(config);
  for (let layer = 0; layer < config.layerCount; layer++) {
    for (const part of architecture.parts(config, layer)) {
      if (part.kind !== "linear" || shareOf(part, { rank: 0, size })) continue;
      return { path: part.path, pieces: part.division!.pieces };
    }
  }
  return null;
}

/**
 * The config of what one of so many processes computes of each layer; embedding and head are as they were.
 * @throws RangeError where they cannot share it
 */
export function dividedConfig<Config extends ModelConfig>(config: Config, size: number): Config {
  if (size === 1) return config;
  const odd = undividedPart(config, size);
  if (odd)
    throw new RangeError(`expected a number of ranks that divides ${odd.path} (${odd.pieces}), got ${size}`);
  return architectureOf(config).divided(config, size) as Config;
}
