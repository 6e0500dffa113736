import { withDropout, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { breathe } from "../breathe.js";
import { LayersAhead } from "./layers-ahead.js";
import type { WalkedBatch, WalkedModel } from "./walked-model.js";

/**
 * Sum of the losses of batches, all of which pass a layer before the next is asked for. Nothing is recorded.
 * @throws the signal's reason when it aborts
 */
export async function walkForward(
  model: WalkedModel,
  batches: readonly WalkedBatch[],
  signal?: AbortSignal,
): Promise<number> {
  const { layerCount } = model.config;
  const ahead = new LayersAhead(model);
  const run = <Output extends tf.Tensor>({ dropoutKey }: WalkedBatch, body: () => Output): Output =>
    withDropout(dropoutKey, () => withTape(null, () => tf.tidy(body)));
  const streams: tf.Tensor2D[] = [];
  try {
    ahead.ask(0);
    for (const batch of batches) streams.push(run(batch, () => batch.pass.begin()));
    for (let layer = 0; layer < layerCount; layer++) {
      await ahead.take(layer);
      if (layer + 1 < layerCount) ahead.ask(layer + 1);
      for (const [index, batch] of batches.entries()) {
        signal?.throwIfAborted();
        const before = streams[index];
        streams[index] = run(batch, () => batch.pass.layer(layer, before));
        before.dispose();
        await breathe();
      }
    }
    let sum = 0;
    for (const [index, batch] of batches.entries()) {
      const value = run(batch, () => batch.pass.end(streams[index]));
      sum += value.dataSync()[0];
      value.dispose();
    }
    return sum;
  } finally {
    tf.dispose(streams);
    await ahead.end();
  }
}
