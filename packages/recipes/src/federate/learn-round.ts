import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ClientRound } from "@lathe/federated";
import { statIfThere } from "@lathe/files";
import { trainDefaults } from "@lathe/train";
import { finetune } from "../finetune.js";
import type { FinetuneOptions } from "../finetune-options.js";
import type { OpenedModel } from "../model/open-model.js";
import type { ClientTraining } from "./federation-fields.js";

/** What a client decides for itself. */
export type LearnRoundOptions = Pick<
  FinetuneOptions,
  | "maxTokens"
  | "overlong"
  | "lossOn"
  | "reasoning"
  | "rejectLimit"
  | "checkpointing"
  | "memory"
  | "onEvent"
  | "signal"
>;

/** What a client decides for itself, of all that it was told. */
export function clientsOwn(options: LearnRoundOptions): LearnRoundOptions {
  const { maxTokens, overlong, lossOn, reasoning, rejectLimit, checkpointing, memory, onEvent, signal } =
    options;
  return { maxTokens, overlong, lossOn, reasoning, rejectLimit, checkpointing, memory, onEvent, signal };
}

/** What a client learnt in a round. */
export interface LearntRound {
  /** Folder of the adapter. */
  readonly adapter: string;
  /** Rows that it was learnt from. */
  readonly rows: number;
  readonly steps: number;
  /** Mean loss of the steps of the round; null where all were done before. */
  readonly loss: number | null;
}

/**
 * Learns from rows of a client's own, beginning with the adapter of the round. A run that was killed goes on from its newest
 * checkpoint, to the same bits.
 *
 * @returns null where the signal ended it before it was done
 */
export async function learnRound(
  model: OpenedModel,
  { round, folder, start }: ClientRound,
  data: string,
  { train = {}, proximal }: ClientTraining,
  own: LearnRoundOptions = {},
): Promise<LearntRound | null> {
  const output = join(folder, "run");
  const isBegun = (await statIfThere(join(output, "config.json"))) !== null;
  // A folder without settings is one of a run that was killed before it was one.
  if (!isBegun) await rm(output, { recursive: true, force: true });
  const { onEvent, signal } = own;
  const steps = finetune(
    isBegun
      ? { model, data, output, resume: true, onEvent, signal }
      : {
          ...own,
          model,
          data,
          output,
          initAdapter: start,
          ...(proximal === undefined ? {} : { proximal }),
          // Rows come in another order in every round.
          train: { ...train, seed: (train.seed ?? trainDefaults.seed) + round },
        },
  );
  for (let next = await steps.next(); ; next = await steps.next()) {
    if (!next.done) continue;
    const { adapter, rows, steps: count, loss } = next.value;
    return adapter === null ? null : { adapter, rows: rows.train.used, steps: count, loss };
  }
}
