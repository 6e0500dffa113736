import * as tf from "@tensorflow/tfjs-core";
import type { LayerPass } from "../decoder/layer-pass.js";
import { ExpertForecast } from "./expert-forecast.js";
import { LayersAhead } from "./layers-ahead.js";
import { likelyExperts, throughExperts } from "./through-experts.js";
import type { WalkedModel } from "./walked-model.js";

/** How {@link walkLayers} walks. */
export interface LayerWalk {
  /** Computes a part of a pass, frees what is left behind, and gives what came of it. @defaultValue `tf.tidy` */
  readonly run?: <Output extends tf.Tensor>(compute: () => Output) => Output;
  /** What is known of the experts that tokens choose, and comes to be known. @defaultValue nothing */
  readonly forecast?: ExpertForecast | undefined;
  /** Looked at between the parts. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What passes come to, all of which go through a layer before the next is asked for, and only through experts that were read for
 * them: the layers are read once, however many passes there are. Other work of the process has its turn between the parts.
 * @returns of each pass, owned by the caller
 * @throws the signal's reason when it aborts, and what reading a layer throws
 */
export async function walkLayers<Result extends tf.Tensor>(
  model: WalkedModel,
  passes: readonly LayerPass<Result>[],
  { run = (compute) => tf.tidy(compute), forecast = new ExpertForecast(), signal }: LayerWalk = {},
): Promise<Result[]> {
  const { layerCount } = model.config;
  const ahead = new LayersAhead(model);
  const streams: tf.Tensor2D[] = [];
  const results: Result[] = [];
  const hasComputed = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  };
  const passed = async (index: number, compute: () => tf.Tensor2D): Promise<tf.Tensor2D> => {
    const output = run(compute);
    streams[index].dispose();
    streams[index] = output;
    await hasComputed();
    return output;
  };
  const ask = (layer: number): void => {
    if (layer < layerCount) ahead.ask(layer, likelyExperts(layer, passes, streams, forecast));
  };
  try {
    for (const pass of passes) {
      streams.push(run(() => pass.begin()));
      await hasComputed();
    }
    ask(0);
    for (let layer = 0; layer < layerCount; layer++) {
      await ahead.take(layer);
      signal?.throwIfAborted();
      const parts = passes.flatMap((pass) => pass.routed(layer) ?? []);
      if (parts.length > 0) {
        await throughExperts(
          { layer, parts, ahead, forecast },
          {
            attend: async (part, index) => await passed(index, () => part.attend(streams[index])),
            askNext() {
              ask(layer + 1);
            },
            async feed(part, index) {
              await passed(index, () => part.feed(streams[index]));
            },
          },
        );
        continue;
      }
      ask(layer + 1);
      for (const [index, pass] of passes.entries()) {
        await passed(index, () => pass.layer(layer, streams[index]));
      }
    }
    for (const [index, pass] of passes.entries()) {
      results.push(run(() => pass.end(streams[index])));
      await hasComputed();
    }
    return results;
  } catch (error) {
    tf.dispose(results);
    throw error;
  } finally {
    tf.dispose(streams);
    await ahead.end();
  }
}
