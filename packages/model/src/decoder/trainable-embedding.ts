import { embedding } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import { checkTokens, type TokenEmbedding } from "./embedding-table.js";
import { floatVariable } from "./trainable-linear.js";

/** A float32 embedding that is a variable: look-ups are recorded, so that what watches it gets its gradient. */
export class TrainableEmbedding implements TokenEmbedding {
  readonly shape: readonly [rows: number, width: number];
  /** [V, h] */
  readonly table: tf.Variable<tf.Rank.R2>;

  /** @param values [V, h], copied */
  constructor(values: Float32Array, shape: readonly [rows: number, width: number]) {
    this.shape = shape;
    this.table = floatVariable(values, shape);
  }

  lookup(ids: Int32Array): tf.Tensor2D {
    checkTokens(ids, this.shape[0]);
    return embedding(this.table, ids);
  }

  denseRows(): Float32Array {
    return Float32Array.from(this.table.dataSync());
  }

  dispose(): void {
    this.table.dispose();
  }
}
