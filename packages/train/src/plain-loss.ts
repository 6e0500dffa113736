import { type LayerPass, type LayerWalk, type WalkedModel, walkLayers } from "@lathe/model";
import { withDropout, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { AddMeasure } from "./measures.js";
import type { Objective } from "./objective.js";

/** How {@link plainLosses} computes. */
export interface PlainLossOptions extends Pick<LayerWalk, "forecast" | "signal"> {
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
  const numberOf = (value: tf.Scalar): number => {
    try {
      return value.dataSync()[0];
    } finally {
      value.dispose();
    }
  };
  const plainly = <Output>(compute: () => Output): Output => withDropout(null, () => withTape(null, compute));
  if (walk) {
    const passes = batches.map((batch) => passOf(objective, batch));
    const losses = await walkLayers(walk, passes, {
      run: (compute) => plainly(() => tf.tidy(compute)),
      forecast,
      signal,
    });
    return losses.map(numberOf);
  }
  return batches.map((batch) => numberOf(plainly(() => objective.loss(batch, add))));
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
