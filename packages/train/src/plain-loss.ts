import type { LayerPass } from "@lathe/model";
import { withDropout, withTape } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { AddMeasure } from "./measures.js";
import type { Objective } from "./objective.js";
import { type ForwardWalk, walkForward } from "./walk/walk-forward.js";
import type { WalkedModel } from "./walk/walked-model.js";

/** How {@link plainLosses} computes. */
export interface PlainLossOptions extends ForwardWalk {
  /** The objective's model, where its layers are there one at a time. */
  readonly walk?: WalkedModel | undefined;
  readonly add?: AddMeasure | undefined;
}

/** Sums of the losses of batches' units, without gradients or dropout. In a walk, all batches pass a layer before the next. */
export async function plainLosses<Row, Batch>(
  objective: Objective<Row, Batch>,
  batches: readonly Batch[],
  { walk, add, forecast, signal }: PlainLossOptions,
): Promise<number[]> {
  if (walk) {
    const walked = batches.map((batch) => ({ pass: passOf(objective, batch), dropoutKey: null }));
    return await walkForward(walk, walked, { forecast, signal });
  }
  return batches.map((batch) => {
    const value = withDropout(null, () => withTape(null, () => objective.loss(batch, add)));
    try {
      return value.dataSync()[0];
    } finally {
      value.dispose();
    }
  });
}

/** The pass of a batch. @throws RangeError where the objective has none */
export function passOf<Row, Batch>(objective: Objective<Row, Batch>, batch: Batch): LayerPass<tf.Scalar> {
  const pass = objective.pass?.(batch);
  if (!pass) {
    throw new RangeError(
      "expected an objective with a pass to walk the layers by, got one that has its loss alone",
    );
  }
  return pass;
}
