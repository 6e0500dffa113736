import { flatBatch, type LabelledBatch, type LabelledRow, UNSCORED } from "@lathe/model";
import type * as tf from "@tensorflow/tfjs-core";
import { countScored } from "./count-scored.js";
import type { Objective } from "./objective.js";

/** What {@link supervised} asks of a model. */
export interface SupervisedModel {
  /** Summed negative log-likelihood of a batch's labels, in nats, recorded on the active tape. */
  loss(batch: LabelledBatch): tf.Scalar;
  /** Ids and labels of rows must be below the size; without it a wrong one fails in the loss. */
  readonly config?: { readonly vocabularySize: number };
}

/**
 * Supervised fine-tuning: the mean negative log-likelihood of the labels, in nats. Its units are scored labels, so every label
 * of a step weighs the same, in a long row or a short one.
 */
export function supervised(model: SupervisedModel): Objective<LabelledRow, LabelledBatch> {
  const vocabularySize = model.config?.vocabularySize ?? Number.POSITIVE_INFINITY;
  return {
    identity: { name: "supervised" },
    rowFault: (row) => rowFault(row, vocabularySize),
    // The lengths too: else a token could move from a row to the next unnoticed.
    rowBytes: ({ inputIds, labels }) => [Int32Array.of(inputIds.length), inputIds, labels].map(bytesOf),
    batches: (microBatches) => microBatches.map(flatBatch),
    size({ labels, segments, tokens }) {
      let scored = 0;
      for (let s = 0; s + 1 < segments.length; s++) {
        scored += countScored({ labels: labels.subarray(segments[s], segments[s + 1]) });
      }
      return { units: scored, labelTokens: scored, tokens: tokens.length };
    },
    loss: (batch) => model.loss(batch),
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function rowFault(row: LabelledRow, vocabularySize: number): string | null {
  const { inputIds, labels } = row;
  if (labels.length !== inputIds.length) {
    return `expected ${inputIds.length} labels, one a token, got ${labels.length}`;
  }
  const outside = Number.isFinite(vocabularySize)
    ? `is outside the vocabulary of ${vocabularySize}`
    : "is no token id";
  const isOutside = (id: number): boolean => id < 0 || id >= vocabularySize;
  const id = inputIds.findIndex(isOutside);
  if (id >= 0) return `token id ${inputIds[id]} at position ${id} ${outside}`;
  const label = labels.findIndex((value) => value !== UNSCORED && isOutside(value));
  if (label >= 0) return `label ${labels[label]} at position ${label} ${outside}`;
  return countScored(row) === 0 ? "expected at least one scored label after the first token, got none" : null;
}
