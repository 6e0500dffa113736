import type { LayerPass } from "@lathe/model";
import type { DropoutKey } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";

/** A batch on its way through the layers. */
export interface WalkedBatch {
  readonly pass: LayerPass<tf.Scalar>;
  /** What dropout masks are drawn from; null for none. */
  readonly dropoutKey: DropoutKey | null;
}
