import { type BranchedBatch, branchedBatch } from "@lathe/model";
import { scalarFunction } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { Measures } from "../measures.js";
import type { Objective } from "../objective.js";
import type { BranchedModel } from "./branched-model.js";
import { dpoLoss, orpoLoss, type PairLoss, simpoLoss } from "./pair-loss.js";
import {
  branchesOfPair,
  bytesOfIds,
  equalSidesFault,
  idsFault,
  type PreferencePair,
} from "./preference-rows.js";
import type { ReferenceLikelihood } from "./reference-likelihoods.js";
import { spanLength, spanSum } from "./span-sum.js";

/** Pairs of a micro-batch. */
export interface PairBatch extends BranchedBatch {
  /** Log-likelihoods before training, chosen and rejected of each pair in turn; null where the loss does without. */
  readonly references: Float64Array | null;
  /**
   * Factor on the negative log-likelihood of prompts and chosen completions within the loss: pairs of the step by labels of the
   * step, as the loss is divided by pairs; 0 where it is no part of it.
   */
  readonly likelihoodFactor: number;
}

/** Spans of labels that a pair has: the prompt's, the chosen completion's and the rejected one's. */
const SPANS = 3;

/** What {@link paired} makes an objective of. */
interface PairedOptions {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly loss: PairLoss;
  readonly reference?: ReferenceLikelihood;
  /** Whether the mean negative log-likelihood of prompts and chosen completions is added. */
  readonly addsLikelihood?: boolean;
}

const measures: Measures = {
  sums: ["pairs", "chosenRewards", "rejectedRewards", "accurate"],
  report: ({ pairs, chosenRewards, rejectedRewards, accurate }) => ({
    chosenRewards: chosenRewards / pairs,
    rejectedRewards: rejectedRewards / pairs,
    margin: (chosenRewards - rejectedRewards) / pairs,
    accuracy: accurate / pairs,
  }),
};

/**
 * Direct preference optimisation: the mean over pairs of {@link dpoLoss}, with β as the strength of the tie to the reference, whose log-likelihoods are those before
 * training.
 * @throws TrainConfigError
 */
export function dpo(
  model: BranchedModel,
  { beta, reference }: { readonly beta: number; readonly reference: ReferenceLikelihood },
): Objective<PreferencePair, PairBatch> {
  return paired(model, { identity: { name: "dpo", beta }, loss: dpoLoss(beta), reference });
}

/**
 * ORPO: the mean negative log-likelihood of all tokens of prompts and chosen completions but the first, over the tokens of the
 * step together, and the mean over pairs of {@link orpoLoss}.
 * @throws TrainConfigError
 */
export function orpo(
  model: BranchedModel,
  { beta }: { readonly beta: number },
): Objective<PreferencePair, PairBatch> {
  return paired(model, { identity: { name: "orpo", beta }, loss: orpoLoss(beta), addsLikelihood: true });
}

/** SimPO: the mean over pairs of {@link simpoLoss}. @throws TrainConfigError */
export function simpo(
  model: BranchedModel,
  { beta, gamma }: { readonly beta: number; readonly gamma: number },
): Objective<PreferencePair, PairBatch> {
  return paired(model, { identity: { name: "simpo", beta, gamma }, loss: simpoLoss(beta, gamma) });
}

function paired(
  model: BranchedModel,
  { identity, loss, reference, addsLikelihood = false }: PairedOptions,
): Objective<PreferencePair, PairBatch> {
  const vocabularySize = model.config?.vocabularySize ?? Number.POSITIVE_INFINITY;
  return {
    identity,
    measures,
    rowFault: ({ promptIds, chosenIds, rejectedIds }) =>
      idsFault({ prompt: promptIds, chosen: chosenIds, rejected: rejectedIds }, vocabularySize) ??
      equalSidesFault({ promptIds, chosenIds, rejectedIds }),
    rowBytes: ({ promptIds, chosenIds, rejectedIds }) => bytesOfIds(promptIds, chosenIds, rejectedIds),
    batches(microBatches) {
      const rows = microBatches.flat();
      const likelihoodLabels = rows.reduce(
        (sum, { promptIds, chosenIds }) => sum + promptIds.length - 1 + chosenIds.length,
        0,
      );
      return microBatches.map((pairs) => ({
        ...branchedBatch(pairs.map(branchesOfPair), { scoresStems: addsLikelihood }),
        references: reference
          ? Float64Array.from(
              pairs.flatMap(({ promptIds, chosenIds, rejectedIds }) => [
                reference(promptIds, chosenIds),
                reference(promptIds, rejectedIds),
              ]),
            )
          : null,
        likelihoodFactor: addsLikelihood ? rows.length / likelihoodLabels : 0,
      }));
    },
    size: ({ tokens, labels, spans }) => ({
      units: (spans.length - 1) / SPANS,
      labelTokens: labels.length,
      tokens: tokens.length,
    }),
    loss(batch, add) {
      const losses = model.labelLosses(batch);
      try {
        return lossOf(losses, batch, loss, add);
      } finally {
        losses.dispose();
      }
    },
  };
}

function lossOf(
  losses: tf.Tensor1D,
  batch: PairBatch,
  loss: PairLoss,
  add: Parameters<Objective<PreferencePair, PairBatch>["loss"]>[1],
): tf.Scalar {
  const { spans, references, likelihoodFactor } = batch;
  return scalarFunction(losses, (values) => {
    const gradient = new Float64Array(values.length);
    const addToSpan = (span: number, slope: number): void => {
      for (let i = spans[span]; i < spans[span + 1]; i++) gradient[i] += slope;
    };
    let value = 0;
    for (let first = 0; first + SPANS < spans.length; first += SPANS) {
      const [chosen, rejected] = [1, 2].map((side) => ({
        sum: -spanSum(values, batch, first + side),
        tokens: spanLength(batch, first + side),
        reference: references?.[(first / SPANS) * 2 + side - 1] ?? 0,
      }));
      const pair = loss(chosen, rejected);
      value += pair.loss;
      // Values are negative log-likelihoods.
      addToSpan(first + 1, -pair.byChosen);
      addToSpan(first + 2, -pair.byRejected);
      if (likelihoodFactor > 0) {
        value += likelihoodFactor * (spanSum(values, batch, first) - chosen.sum);
        addToSpan(first, likelihoodFactor);
        addToSpan(first + 1, likelihoodFactor);
      }
      add?.("pairs", 1);
      add?.("chosenRewards", pair.chosenReward);
      add?.("rejectedRewards", pair.rejectedReward);
      add?.("accurate", pair.chosenReward > pair.rejectedReward ? 1 : 0);
    }
    return { value, gradient };
  });
}
