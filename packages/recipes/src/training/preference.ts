import type { TokenizedJudgement, TokenizedPair } from "@lathe/data";
import {
  branchesOfPair,
  dpo,
  type JudgedBatch,
  kto,
  ktoReferenceRows,
  orpo,
  type PairBatch,
  simpo,
} from "@lathe/train";
import type { FinetuneOptions } from "../finetune-options.js";
import { readJudgements, readPairs } from "../rows/preference-rows.js";
import type { TrainingObjective } from "./training-objective.js";

/** Objectives on pairs. */
export type PairedName = "dpo" | "orpo" | "simpo";

/** β of each objective, and γ of SimPO, where nothing else is asked for. */
export const preferenceDefaults = { dpo: 0.1, orpo: 0.1, kto: 0.1, simpo: 2, simpoGamma: 0.5 } as const;

/** DPO, ORPO or SimPO on pairs of completions. */
export function pairs(
  name: PairedName,
  { beta = preferenceDefaults[name], simpoGamma: gamma = preferenceDefaults.simpoGamma }: FinetuneOptions,
): TrainingObjective<TokenizedPair, PairBatch> {
  return {
    readRows: readPairs,
    sizeOf({ promptIds, chosenIds, rejectedIds }) {
      const completions = chosenIds.length + rejectedIds.length;
      const scored = name === "orpo" ? promptIds.length : 0;
      return [promptIds.length + completions, scored + completions];
    },
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
    sizeOf: ({ promptIds, completionIds }) => [promptIds.length + completionIds.length, completionIds.length],
    referenceRows: (step) => ktoReferenceRows(step, pairing),
    create: (model, reference) => kto(model, { beta, pairing, reference }),
  };
}
