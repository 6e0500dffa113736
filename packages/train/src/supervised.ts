import { asPhrase, type Phrase, phrase } from "@lathe/files";
import { flatBatch, type LabelledBatch, type LabelledRow, type LayerPass, UNSCORED } from "@lathe/model";
import { activeTape, type LossSettings } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import { countScored } from "./count-scored.js";
import { TrainConfigError } from "./errors.js";
import type { Objective } from "./objective.js";

/** What {@link supervised} asks of a model. */
export interface SupervisedModel {
  /**
   * Summed negative log-likelihood of a batch's labels, in nats, each times its row's weight where the batch has weights,
   * recorded on the active tape.
   * @param settings smoothing of labels and the like; given only where something is to be trained with it
   */
  loss(batch: LabelledBatch, settings?: LossSettings): tf.Scalar;
  /** {@link SupervisedModel.loss} a layer at a time; without it the model's layers are all there at once. */
  lossPass?(batch: LabelledBatch, settings?: LossSettings): LayerPass<tf.Scalar>;
  /** Ids and labels of rows must be below the size; without it a wrong one fails in the loss. */
  readonly config?: { readonly vocabularySize: number };
}

/** Nothing is added to the negative log-likelihood. */
export const lossDefaults: LossSettings = { labelSmoothing: 0, zLoss: 0 };

/** Fills in {@link lossDefaults} and checks every value. @throws TrainConfigError naming the key */
export function resolveLossSettings(partial: Partial<LossSettings> = {}): LossSettings {
  const { labelSmoothing = lossDefaults.labelSmoothing, zLoss = lossDefaults.zLoss } = partial;
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new TrainConfigError("labelSmoothing", "a share from 0, below 1", labelSmoothing);
  }
  if (!(zLoss >= 0 && Number.isFinite(zLoss))) throw new TrainConfigError("zLoss", "a number from 0", zLoss);
  return { labelSmoothing, zLoss };
}

/**
 * Supervised fine-tuning: the mean negative log-likelihood of the labels, in nats. Its units are scored labels, so every label
 * of a step weighs the same, in a long row or a short one. With a weight w a row it is the weighted mean Σ w·l / Σ w over the
 * labels of the step, whatever micro-batches they fall into.
 *
 * @param settings what is added to it in training; losses of evaluations are the plain ones, of which perplexity is made
 * @throws TrainConfigError on a setting that is out of range
 */
export function supervised(
  model: SupervisedModel,
  settings: Partial<LossSettings> = {},
): Objective<LabelledRow, LabelledBatch> {
  const resolved = resolveLossSettings(settings);
  const isPlain = resolved.labelSmoothing === 0 && resolved.zLoss === 0;
  const vocabularySize = model.config?.vocabularySize ?? Number.POSITIVE_INFINITY;
  return {
    identity: { name: "supervised", ...(isPlain ? {} : resolved) },
    rowFault: (row) => rowFault(row, vocabularySize),
    // The lengths too: else a token could move from a row to the next unnoticed.
    rowBytes: ({ inputIds, labels, weight = 1 }) =>
      [
        Int32Array.of(inputIds.length),
        inputIds,
        labels,
        Float64Array.of(...(weight === 1 ? [] : [weight])),
      ].map(bytesOf),
    batches: (microBatches) => microBatches.map(flatBatch),
    size({ labels, segments, tokens, weights }) {
      let [units, labelTokens] = [0, 0];
      for (let s = 0; s + 1 < segments.length; s++) {
        const scored = countScored({ labels: labels.subarray(segments[s], segments[s + 1]) });
        labelTokens += scored;
        units += scored * (weights?.[s] ?? 1);
      }
      return { units, labelTokens, tokens: tokens.length };
    },
    loss: (batch) => (isPlain || !activeTape() ? model.loss(batch) : model.loss(batch, resolved)),
    ...(model.lossPass && {
      pass: (batch: LabelledBatch) => model.lossPass!(batch, isPlain ? undefined : resolved),
    }),
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function rowFault(row: LabelledRow, vocabularySize: number): string | Phrase | null {
  const { inputIds, labels, weight = 1 } = row;
  if (!(weight > 0 && Number.isFinite(weight))) return phrase`expected a weight above 0, got ${weight}`;
  if (labels.length !== inputIds.length) {
    return phrase`expected ${inputIds.length} labels, one a token, got ${labels.length}`;
  }
  const outside = Number.isFinite(vocabularySize)
    ? phrase`is outside the vocabulary of ${vocabularySize}`
    : asPhrase("is no token id");
  const isOutside = (id: number): boolean => id < 0 || id >= vocabularySize;
  const id = inputIds.findIndex(isOutside);
  if (id >= 0) return phrase`token id ${inputIds[id]} at position ${id} ${outside}`;
  const label = labels.findIndex((value) => value !== UNSCORED && isOutside(value));
  if (label >= 0) return phrase`label ${labels[label]} at position ${label} ${outside}`;
  return countScored(row) === 0 ? "expected at least one scored label after the first token, got none" : null;
}
