import { withDropout, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { breathe } from "../breathe.js";
import { ExpertForecast } from "./expert-forecast.js";
import { LayersAhead } from "./layers-ahead.js";
import { likelyExperts, throughExperts } from "./through-experts.js";
import type { WalkedBatch, WalkedModel } from "./walked-model.js";

/** How {@link walkForward} walks. */
export interface ForwardWalk {
  /** What is known of the experts that tokens choose, and comes to be known. @defaultValue nothing */
  readonly forecast?: ExpertForecast | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The losses of batches, all of which pass a layer before the next is asked for. Nothing is recorded.
 * @throws the signal's reason when it aborts
 */
export async function walkForward(
  model: WalkedModel,
  batches: readonly WalkedBatch[],
  { forecast = new ExpertForecast(), signal }: ForwardWalk = {},
): Promise<number[]> {
  const { layerCount } = model.config;
  const ahead = new LayersAhead(model);
  const run = <Output extends tf.Tensor>({ dropoutKey }: WalkedBatch, body: () => Output): Output =>
    withDropout(dropoutKey, () => withTape(null, () => tf.tidy(body)));
  const streams: tf.Tensor2D[] = [];
  const passed = async (index: number, output: tf.Tensor2D): Promise<tf.Tensor2D> => {
    streams[index].dispose();
    streams[index] = output;
    await breathe();
    signal?.throwIfAborted();
    return output;
  };
  try {
    for (const batch of batches) streams.push(run(batch, () => batch.pass.begin()));
    const ask = (layer: number): void => {
      if (layer < layerCount) ahead.ask(layer, likelyExperts(layer, batches, streams, forecast));
    };
    ask(0);
    for (let layer = 0; layer < layerCount; layer++) {
      await ahead.take(layer);
      signal?.throwIfAborted();
      const parts = batches.flatMap(({ pass }) => pass.routed(layer) ?? []);
      if (parts.length > 0) {
        await throughExperts(
          { layer, parts, ahead, forecast },
          {
            attend: async (part, index) =>
              await passed(
                index,
                run(batches[index], () => part.attend(streams[index])),
              ),
            askNext() {
              ask(layer + 1);
            },
            async feed(part, index) {
              await passed(
                index,
                run(batches[index], () => part.feed(streams[index])),
              );
            },
          },
        );
        continue;
      }
      ask(layer + 1);
      for (const [index, batch] of batches.entries()) {
        await passed(
          index,
          run(batch, () => batch.pass.layer(layer, streams[index])),
        );
      }
    }
    return batches.map((batch, index) => {
      const value = run(batch, () => batch.pass.end(streams[index]));
      const [loss] = value.dataSync();
      value.dispose();
      return loss;
    });
  } finally {
    tf.dispose(streams);
    await ahead.end();
  }
}
