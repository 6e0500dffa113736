import type { BranchedBatch } from "@lathe/model";
import type * as tf from "@tensorflow/tfjs-core";

/** What objectives on preferences ask of a model. */
export interface BranchedModel {
  /** Negative log-likelihood of every label, in nats, [M] in the order of `labels`, recorded on the active tape. */
  labelLosses(batch: BranchedBatch): tf.Tensor1D;
  /** Ids of rows must be below the size; without it a wrong one fails in the loss. */
  readonly config?: { readonly vocabularySize: number };
}
