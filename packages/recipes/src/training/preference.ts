import type { TokenizedJudgement, TokenizedPair } from "@lathe/data";
import {
  branchesOfPair,
  dpo,
  type JudgedBatch,
  kto,
  ktoReferenceRows,
  orpo,
  type PairBatch,
  planSteps,
  simpo,
} from "@lathe/train";
import type { FinetuneOptions } from "../finetune-options.js";
import { readJudgements, readPairs } from "../rows/preference-rows.js";
import type { TrainingObjective } from "./training-objective.js";

/** Objectives on pairs. */
export type PairedName = "dpo" | "orpo" | "simpo";

/** β of each objective, and γ of SimPO, where nothing else is asked for. */
export const preferenceDefaults = { dpo: 0.1, orpo: 0.1, kto: 0.1, simpo: 2, simpoGamma: 0.5 } as const;

/** The most tokens and labels of a micro-batch. @param sizeOf tokens and labels of a row */
function largestOf<Row>(
  sizeOf: (row: Row) => readonly [tokens: number, labels: number],
): TrainingObjective<Row, never>["largestMicroBatch"] {
  return (rows, config) => {
    const sizes = Array.from({ length: rows.length }, (_, index) => sizeOf(rows.row(index)));
    const sums = (batch: Int32Array, part: 0 | 1): number =>
      batch.reduce((sum, index) => sum + sizes[index][part], 0);
    let [tokens, labels] = [0, 0];
    for (const { microBatches } of planSteps(rows, config)) {
      for (const batch of microBatches) {
        tokens = Math.max(tokens, sums(batch, 0));
        labels = Math.max(labels, sums(batch, 1));
      }
    }
    return { tokens, labels };
  };
}

/** DPO, ORPO or SimPO on pairs of completions. */
export function pairs(
  name: PairedName,
  { beta = preferenceDefaults[name], simpoGamma: gamma = preferenceDefaults.simpoGamma }: FinetuneOptions,
): TrainingObjective<TokenizedPair, PairBatch> {
  return {
    readRows: readPairs,
    largestMicroBatch: largestOf(({ promptIds, chosenIds, rejectedIds }) => {
      const completions = chosenIds.length + rejectedIds.length;
      const scored = name === "orpo" ? promptIds.length : 0;
      return [promptIds.length + completions, scored + completions];
    }),
    ...(name === "dpo"
      ? { referenceRows: (step: readonly (readonly TokenizedPair[])[]) => step.flat().map(branchesOfPair) }
      : {}),
    create(model, reference) {
      if (name === "dpo") return dpo(model, { beta, reference });
      return name === "orpo" ? orpo(model, { beta }) : simpo(model, { beta, gamma });
    },
  };
}

/** KTO on judged completions. */
export function judgements({
  beta = preferenceDefaults.kto,
  ktoPairing: pairing = "step",
}: FinetuneOptions): TrainingObjective<TokenizedJudgement, JudgedBatch> {
  return {
    readRows: readJudgements,
    largestMicroBatch: largestOf(({ promptIds, completionIds }) => [
      promptIds.length + completionIds.length,
      completionIds.length,
    ]),
    referenceRows: (step) => ktoReferenceRows(step, pairing),
    create: (model, reference) => kto(model, { beta, pairing, reference }),
  };
}
