import type * as tf from "@tensorflow/tfjs-core";
import type { LayerPass, RoutedPass } from "../decoder/layer-pass.js";
import type { ExpertForecast } from "./expert-forecast.js";
import type { LayersAhead } from "./layers-ahead.js";

/** A layer with routed experts that batches pass. */
export interface ExpertLayer {
  readonly layer: number;
  /** The layer's parts, of each batch. */
  readonly parts: readonly RoutedPass[];
  /** Has the layer. */
  readonly ahead: LayersAhead;
  readonly forecast: ExpertForecast;
}

/** What is done with each batch. */
export interface ExpertVisits {
  /** Takes a batch through attention. @returns what came of it, [M, h], borrowed */
  attend(part: RoutedPass, index: number): Promise<tf.Tensor2D>;
  /** Begins to read the next layer: all experts of this one have been asked for. */
  askNext(): void;
  /** Takes a batch through its experts, which are there. */
  feed(part: RoutedPass, index: number): Promise<void>;
}

/**
 * Takes batches through a layer of which only the experts are read that some token goes to: all of them through attention, each batch's
 * experts being read while the next ones pass it, then all through the experts.
 * @returns the experts that were chosen
 */
export async function throughExperts(
  { layer, parts, ahead, forecast }: ExpertLayer,
  { attend, askNext, feed }: ExpertVisits,
): Promise<Set<number>> {
  const chosen: Set<number>[] = [];
  for (const [index, part] of parts.entries()) {
    const choices = part.choose(await attend(part, index));
    forecast.note(layer, choices, part);
    chosen.push(new Set(choices));
    // Who needs them hears of faults.
    ahead.experts(chosen[index]).catch(() => undefined);
  }
  askNext();
  for (const [index, part] of parts.entries()) {
    await ahead.experts(chosen[index]);
    await feed(part, index);
  }
  return new Set(chosen.flatMap((numbers) => [...numbers]));
}

/** Experts of a layer that are read before it is known that they are chosen; undefined where it has none that tokens are routed to. */
export function likelyExperts(
  layer: number,
  passes: readonly Pick<LayerPass<tf.Tensor>, "routed">[],
  streams: readonly tf.Tensor2D[],
  forecast: ExpertForecast,
): Set<number> | undefined {
  const mixture = passes[0]?.routed(layer);
  const tokens = streams.reduce((sum, { shape }) => sum + shape[0], 0);
  return mixture ? forecast.likely(layer, tokens, mixture) : undefined;
}
