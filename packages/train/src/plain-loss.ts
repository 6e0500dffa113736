import type { LayerPass } from "@lathe/model";
import { withDropout, withTape } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { AddMeasure } from "./measures.js";
import type { Objective } from "./objective.js";
import { walkForward } from "./walk/walk-forward.js";
import type { WalkedModel } from "./walk/walked-model.js";

/** How {@link plainLoss} computes. */
interface PlainLossOptions {
  /** The objective's model, where its layers are there one at a time. */
  readonly walk?: WalkedModel | undefined;
  readonly add?: AddMeasure | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sum of the losses of a batch's units, without gradients or dropout. */
export async function plainLoss<Row, Batch>(
  objective: Objective<Row, Batch>,
  batch: Batch,
  { walk, add, signal }: PlainLossOptions,
): Promise<number> {
  if (walk) return await walkForward(walk, [{ pass: passOf(objective, batch), dropoutKey: null }], signal);
  const value = withDropout(null, () => withTape(null, () => objective.loss(batch, add)));
  try {
    return value.dataSync()[0];
  } finally {
    value.dispose();
  }
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
