import { phrase } from "@lathe/files";
import { threefry2x32 } from "@lathe/kernels";
import { TrainConfigError } from "./errors.js";
import type { ParameterSampling } from "./parameter-sampling.js";

/** In the place of a micro-batch, of which there are never so many: nothing else is drawn from the same key. */
const SAMPLING_DOMAIN = 0xfffffffe;

/** What {@link layerSampling} draws from. */
export interface LayerSamplingOptions {
  /** Layers that are trained at a time, 1 to all. */
  readonly layers: number;
  /** Steps after which others are drawn. */
  readonly every: number;
  readonly seed: number;
  readonly layerCount: number;
  /** The layer that a parameter is in; null where it is in none, and trained always. */
  readonly layerOf: (name: string) => number | null;
}

/**
 * LISA (Pan et al., arXiv:2403.17919): embedding, head and last norm are trained always, and of the layers a few that are drawn anew
 * every so many steps, each set as likely as another. Which they are follows from seed and step.
 *
 * @throws TrainConfigError on numbers that are impossible
 */
export function layerSampling(options: LayerSamplingOptions): ParameterSampling {
  const { layers, every, seed, layerCount, layerOf } = options;
  if (!(Number.isSafeInteger(layers) && layers >= 1 && layers <= layerCount)) {
    throw new TrainConfigError(
      "lisaLayers",
      phrase`a whole number from 1 to the ${layerCount} layers`,
      layers,
    );
  }
  if (!(Number.isSafeInteger(every) && every >= 1)) {
    throw new TrainConfigError("lisaEvery", "a whole number from 1", every);
  }
  let drawn: { readonly period: number; readonly layers: ReadonlySet<number> } | null = null;
  return {
    identity: { name: "lisa", layers, every, seed },
    period: (step) => Math.floor((step - 1) / every),
    isTrained(name, period) {
      const layer = layerOf(name);
      if (layer === null) return null;
      if (drawn?.period !== period) {
        drawn = { period, layers: new Set(drawLayers(layers, layerCount, seed, period)) };
      }
      return drawn.layers.has(layer);
    },
  };
}

/** The first of a permutation that seed and period determine (Fisher–Yates with Threefry-2x32). */
function drawLayers(count: number, layerCount: number, seed: number, period: number): number[] {
  const key = threefry2x32([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], [period, SAMPLING_DOMAIN]);
  const order = Array.from({ length: layerCount }, (_, layer) => layer);
  for (let i = 0; i < count; i++) {
    const [high, low] = threefry2x32(key, [i, 0]);
    const fraction = ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53;
    const j = i + Math.floor(fraction * (layerCount - i));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order.slice(0, count);
}
