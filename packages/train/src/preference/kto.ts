import { phrase } from "@lathe/files";
import { type BranchedBatch, branchedBatch, type BranchedRow } from "@lathe/model";
import { scalarFunction } from "@lathe/tensor";
import { breathe } from "../breathe.js";
import { TrainConfigError } from "../errors.js";
import type { Measures } from "../measures.js";
import type { Objective } from "../objective.js";
import type { BranchedModel } from "./branched-model.js";
import { completionLikelihoods } from "./completion-likelihoods.js";
import { sigmoid } from "./logistic.js";
import { checkBeta } from "./pair-loss.js";
import { bytesOfIds, idsFault, type JudgedCompletion } from "./preference-rows.js";
import type { ReferenceLikelihood } from "./reference-likelihoods.js";
import { spanSum } from "./span-sum.js";

/** Which rows KTO pairs for its estimate of the divergence: those of a whole step, or of each micro-batch. */
export const ktoPairings = ["step", "micro-batch"] as const;

/** Name of a pairing. */
export type KtoPairing = (typeof ktoPairings)[number];

/** Judged completions of a micro-batch. */
export interface JudgedBatch extends BranchedBatch {
  /** Whether each row's completion is desirable. */
  readonly desirable: readonly boolean[];
  /** Log-likelihoods before training, one a row. */
  readonly references: Float64Array;
  /** Estimate of the divergence from the reference, in nats, from 0. */
  readonly divergence: number;
}

/** Settings of {@link kto}. */
export interface KtoOptions {
  readonly beta: number;
  readonly pairing: KtoPairing;
  readonly reference: ReferenceLikelihood;
}

/** Spans of labels that a row has: the prompt's, which is empty, and the completion's. */
const SPANS = 2;

const measures: Measures = {
  sums: ["desirable", "undesirable", "chosenRewards", "rejectedRewards"],
  report({ desirable, undesirable, chosenRewards, rejectedRewards }) {
    const chosen = desirable > 0 ? { chosenRewards: chosenRewards / desirable } : {};
    const rejected = undesirable > 0 ? { rejectedRewards: rejectedRewards / undesirable } : {};
    const isBoth = desirable > 0 && undesirable > 0;
    const margin = chosenRewards / desirable - rejectedRewards / undesirable;
    return { ...chosen, ...rejected, ...(isBoth ? { margin } : {}) };
  },
};

/** Rows with their prompts exchanged: each prompt before the completion of the row before it, the first before the last one's. */
function mismatchedRows(rows: readonly JudgedCompletion[]): BranchedRow[] {
  return rows.map(({ promptIds }, index) => ({
    stem: promptIds,
    branches: [rows.at(index - 1)!.completionIds],
  }));
}

/** The rows that are paired with each other. */
const groupsOf = (
  microBatches: readonly (readonly JudgedCompletion[])[],
  pairing: KtoPairing,
): readonly (readonly JudgedCompletion[])[] => (pairing === "step" ? [microBatches.flat()] : microBatches);

const rowOf = ({ promptIds, completionIds }: JudgedCompletion): BranchedRow => ({
  stem: promptIds,
  branches: [completionIds],
});

/** All completions whose log-likelihoods under the reference a step of {@link kto} asks for. */
export function ktoReferenceRows(
  microBatches: readonly (readonly JudgedCompletion[])[],
  pairing: KtoPairing,
): BranchedRow[] {
  return [...microBatches.flat().map(rowOf), ...groupsOf(microBatches, pairing).flatMap(mismatchedRows)];
}

/**
 * KTO (Ethayarajh et al., arXiv:2402.01306, eq. 8): the mean over rows of 1 − σ(β(log π − log ρ − z)) for desirable completions and
 * of 1 − σ(β(z − (log π − log ρ))) for undesirable ones, with z = max(0, mean of log π − log ρ over mismatched prompts and
 * completions), through which no gradient flows. A reward is β(log π − log ρ).
 *
 * Mismatched are the rows of the whole step, so that accumulated small batches are one big batch; `micro-batch` pairs within each,
 * as other trainers do.
 * @throws TrainConfigError
 */
export function kto(
  model: BranchedModel,
  { beta, pairing, reference }: KtoOptions,
): Objective<JudgedCompletion, JudgedBatch> {
  checkBeta(beta);
  if (!ktoPairings.includes(pairing)) {
    throw new TrainConfigError("ktoPairing", phrase`one of ${ktoPairings.join(", ")}`, pairing);
  }
  const vocabularySize = model.config?.vocabularySize ?? Number.POSITIVE_INFINITY;

  const divergenceOf = async (microBatches: readonly (readonly BranchedRow[])[]): Promise<number> => {
    let [sum, rows] = [0, 0];
    for (const some of microBatches) {
      completionLikelihoods(model, some).forEach((value, index) => {
        sum += value - reference(some[index].stem, some[index].branches[0]);
      });
      rows += some.length;
      await breathe();
    }
    return Math.max(0, sum / rows);
  };

  return {
    identity: { name: "kto", beta, pairing },
    measures,
    rowFault: ({ promptIds, completionIds }) =>
      idsFault({ prompt: promptIds, completion: completionIds }, vocabularySize),
    rowBytes: ({ promptIds, completionIds, label }) => [
      ...bytesOfIds(promptIds, completionIds),
      Uint8Array.of(label ? 1 : 0),
    ],
    async batches(microBatches) {
      const mismatched = groupsOf(microBatches, pairing).map(mismatchedRows);
      // No more at a time than a micro-batch has, of rows or of tokens.
      const most = microBatches
        .map((rows) => rows.map(rowOf))
        .reduce<PartSize>(
          ({ rows, tokens }, batch) => ({
            rows: Math.max(rows, batch.length),
            tokens: Math.max(tokens, tokensOf(batch)),
          }),
          { rows: 1, tokens: 0 },
        );
      const divergences: number[] = [];
      for (const group of mismatched) divergences.push(await divergenceOf(parts(group, most)));
      return microBatches.map((rows, index) => ({
        desirable: rows.map(({ label }) => label),
        ...branchedBatch(rows.map(rowOf)),
        references: Float64Array.from(rows, ({ promptIds, completionIds }) =>
          reference(promptIds, completionIds),
        ),
        divergence: divergences[pairing === "step" ? 0 : index],
      }));
    },
    size: ({ tokens, labels, desirable }) => ({
      units: desirable.length,
      labelTokens: labels.length,
      tokens: tokens.length,
    }),
    loss(batch, add) {
      const losses = model.labelLosses(batch);
      try {
        return scalarFunction(losses, (values) => {
          const gradient = new Float64Array(values.length);
          let value = 0;
          batch.desirable.forEach((isDesirable, row) => {
            const span = row * SPANS + 1;
            const gain = -spanSum(values, batch, span) - batch.references[row];
            const sign = isDesirable ? 1 : -1;
            const share = sigmoid(sign * beta * (gain - batch.divergence));
            value += 1 - share;
            const slope = sign * beta * share * (1 - share);
            for (let i = batch.spans[span]; i < batch.spans[span + 1]; i++) gradient[i] += slope;
            add?.(isDesirable ? "desirable" : "undesirable", 1);
            add?.(isDesirable ? "chosenRewards" : "rejectedRewards", beta * gain);
          });
          return { value, gradient };
        });
      } finally {
        losses.dispose();
      }
    },
  };
}

/** What a part of rows has at most. */
interface PartSize {
  readonly rows: number;
  readonly tokens: number;
}

const tokensOf = (rows: readonly BranchedRow[]): number =>
  rows.reduce(
    (sum, { stem, branches }) => sum + branches.reduce((all, { length }) => all + length, stem.length),
    0,
  );

/** Rows in parts of a size at most, unless one row alone has more tokens. */
function parts(rows: readonly BranchedRow[], most: PartSize): BranchedRow[][] {
  const all: BranchedRow[][] = [];
  let tokens = 0;
  for (const row of rows) {
    const own = tokensOf([row]);
    const last = all.at(-1);
    if (last !== undefined && last.length < most.rows && tokens + own <= most.tokens) {
      last.push(row);
      tokens += own;
    } else {
      all.push([row]);
      tokens = own;
    }
  }
  return all;
}
