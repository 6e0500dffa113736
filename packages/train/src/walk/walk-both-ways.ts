import { ExpertForecast, LayersAhead, likelyExperts, throughExperts, type WalkedModel } from "@lathe/model";
import { type Accumulate, DryTape, Tape, withDropout, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { breathe } from "../breathe.js";
import { HeldStreams, type StreamStore } from "./stream-store.js";
import type { WalkedBatch } from "./walked-batch.js";

/** What {@link walkBothWays} differentiates. */
export interface DifferentiatedWalk {
  /** Tensors whose gradients are wanted. */
  readonly watched: readonly tf.Tensor[];
  /** Gradient of the sum of losses that is handed back: all gradients are multiplied by it. */
  readonly weight: number;
  /** Receives parts of gradients, those of one tensor in the order of the batches; borrowed. */
  readonly accumulate: Accumulate;
  /** Keeps the residual streams before the layers. @defaultValue in memory */
  readonly streams?: StreamStore | undefined;
  /** What is known of the experts that tokens choose, and comes to be known. @defaultValue nothing */
  readonly forecast?: ExpertForecast | undefined;
  /** Looked at between batches. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sum of the losses of batches, and its gradients. All batches pass a layer before the next is asked for, forwards and then
 * backwards, so that the weights of a model are read once each way however many batches there are. Forwards, only the residual
 * streams before the layers are kept; backwards, a layer is computed again from them (Chen et al., arXiv:1604.06174).
 *
 * The bits are those of batch after batch with all layers computed again, where streams are kept as they are: gradients of a tensor come in the order of the batches
 * either way. A tensor with gradients at two places, as a trained embedding that is the head too, has them in another order.
 *
 * @returns the sum, which ends with the first that is not finite; nothing is differentiated then
 * @throws the signal's reason when it aborts
 */
export async function walkBothWays(
  model: WalkedModel,
  batches: readonly WalkedBatch[],
  options: DifferentiatedWalk,
): Promise<number> {
  const { watched, weight, accumulate, signal } = options;
  const { streams: store = new HeldStreams(), forecast = new ExpertForecast() } = options;
  const { layerCount } = model.config;
  const passes = batches.map(({ pass }) => pass);
  const ahead = new LayersAhead(model);
  const streams: tf.Tensor2D[] = [];
  /** Gradients of the streams at the layer at hand. */
  const gradients: tf.Tensor2D[] = [];
  /** Whether what goes into a layer depends on what is watched, the same of all batches. */
  const isTracked = new Array<boolean>(layerCount + 1).fill(false);
  /** By layer, the experts that were chosen on the way forward; those of the way back are the same. */
  const chosen: (ReadonlySet<number> | undefined)[] = [];
  const askBefore = (layer: number): void => {
    if (layer > 0 && isTracked[layer]) ahead.ask(layer - 1, chosen[layer - 1]);
  };
  /** What goes into a layer of a batch. */
  const enter = (index: number): tf.Tensor2D => (streams[index] = store.entering(streams[index]));
  const keep = async (layer: number, batch: number, x: tf.Tensor2D): Promise<void> => {
    try {
      await store.keep(layer, batch, x);
    } finally {
      x.dispose();
    }
  };
  const askAfter = (layer: number): void => {
    if (layer + 1 < layerCount) ahead.ask(layer + 1, likelyExperts(layer + 1, passes, streams, forecast));
    else askBefore(layer);
  };
  const hasPassed = async (): Promise<void> => {
    await breathe();
    signal?.throwIfAborted();
  };
  try {
    for (const batch of batches) {
      const begun = forwards(batch, watched, null, () => batch.pass.begin());
      streams.push(begun.output);
      isTracked[0] = begun.isTracked;
      await hasPassed();
    }
    ahead.ask(0, likelyExperts(0, passes, streams, forecast));
    for (let layer = 0; layer < layerCount; layer++) {
      await ahead.take(layer);
      const parts = batches.flatMap(({ pass }) => pass.routed(layer) ?? []);
      if (parts.length > 0) {
        let isAttendedTracked = false;
        chosen[layer] = await throughExperts(
          { layer, parts, ahead, forecast },
          {
            async attend(part, index) {
              const x = enter(index);
              const tracked = isTracked[layer] ? x : null;
              const passed = forwards(batches[index], watched, tracked, () => part.attend(x));
              streams[index] = passed.output;
              isAttendedTracked = passed.isTracked;
              await keep(layer, index, x);
              await hasPassed();
              return passed.output;
            },
            askNext() {
              askAfter(layer);
            },
            async feed(part, index) {
              const y = streams[index];
              const tracked = isAttendedTracked ? y : null;
              const passed = forwards(batches[index], watched, tracked, () => part.feed(y));
              y.dispose();
              streams[index] = passed.output;
              isTracked[layer + 1] = passed.isTracked;
              if (!passed.isTracked) await store.forget(layer, index);
              await hasPassed();
            },
          },
        );
        continue;
      }
      askAfter(layer);
      for (const [index, batch] of batches.entries()) {
        const x = enter(index);
        const tracked = isTracked[layer] ? x : null;
        const passed = forwards(batch, watched, tracked, () => batch.pass.layer(layer, x));
        streams[index] = passed.output;
        isTracked[layer + 1] = passed.isTracked;
        // What is not differentiated is not computed again.
        if (passed.isTracked) await keep(layer, index, x);
        else x.dispose();
        await hasPassed();
      }
    }

    let sum = 0;
    const one = tf.scalar(weight);
    try {
      for (const [index, batch] of batches.entries()) {
        const x = streams[index];
        const tracked = isTracked[layerCount] ? x : null;
        const value = recorded(batch, watched, tracked, () => batch.pass.end(x));
        sum += value.output.dataSync()[0];
        if (!Number.isFinite(sum)) {
          value.giveUp();
          return sum;
        }
        const gradient = value.backwards(one, accumulate);
        if (gradient) gradients[index] = gradient;
        await hasPassed();
      }
    } finally {
      one.dispose();
    }
    tf.dispose(streams.splice(0));

    for (let layer = layerCount - 1; layer >= 0 && isTracked[layer + 1]; layer--) {
      // The last layer is still there.
      if (layer + 1 < layerCount) {
        await ahead.take(layer);
        askBefore(layer);
      }
      for (const [index, batch] of batches.entries()) {
        const x = await store.take(layer, index);
        try {
          const tracked = isTracked[layer] ? x : null;
          const again = recorded(batch, watched, tracked, () => batch.pass.layer(layer, x));
          const after = gradients[index];
          const gradient = again.backwards(after, accumulate);
          after.dispose();
          if (gradient) gradients[index] = gradient;
        } finally {
          x.dispose();
        }
        await hasPassed();
      }
    }
    if (isTracked[0]) {
      for (const [index, batch] of batches.entries()) {
        recorded(batch, watched, null, () => batch.pass.begin()).backwards(gradients[index], accumulate);
        await hasPassed();
      }
    }
    return sum;
  } finally {
    tf.dispose([...streams, ...gradients]);
    await store.clear();
    await ahead.end();
  }
}

/** Runs a part of a batch's pass of which nothing is kept. @param tracked an input that depends on what is watched, or null */
function forwards<Output extends tf.Tensor>(
  { dropoutKey }: WalkedBatch,
  watched: readonly tf.Tensor[],
  tracked: tf.Tensor2D | null,
  run: () => Output,
): { readonly output: Output; readonly isTracked: boolean } {
  const tape = new DryTape(watched);
  if (tracked) tape.track(tracked);
  const output = withDropout(dropoutKey, () => withTape(tape, () => tf.tidy(run)));
  return { output, isTracked: tape.isTracked(output) };
}

/** A part of a pass that is recorded. One of the two is called, once; the output is freed by either. */
interface Recorded {
  readonly output: tf.Tensor;
  /**
   * Hands out the gradients of what is watched.
   * @param gradient of the output, borrowed   @returns that of the input, owned by the caller; null where none was tracked
   */
  backwards(gradient: tf.Tensor, accumulate: Accumulate): tf.Tensor2D | null;
  giveUp(): void;
}

/** @param tracked an input whose gradient is wanted, or null */
function recorded(
  { dropoutKey }: WalkedBatch,
  watched: readonly tf.Tensor[],
  tracked: tf.Tensor2D | null,
  run: () => tf.Tensor,
): Recorded {
  const tape = new Tape(watched);
  if (tracked) tape.watch(tracked);
  const giveUp = (): void => {
    tape.dispose();
    output?.dispose();
  };
  let output: tf.Tensor | null = null;
  try {
    output = withDropout(dropoutKey, () => withTape(tape, () => tf.tidy(run)));
  } catch (error) {
    giveUp();
    throw error;
  }
  return {
    output,
    giveUp,
    backwards(gradient, accumulate) {
      let sum: tf.Tensor2D | null = null;
      try {
        tape.backward(output, gradient, (tensor, part) => {
          if (tensor !== tracked) {
            accumulate(tensor, part);
            return;
          }
          const before: tf.Tensor2D | null = sum;
          sum = before ? tf.add(before, part) : (part.clone() as tf.Tensor2D);
          before?.dispose();
        });
        return sum;
      } finally {
        giveUp();
      }
    },
  };
}
