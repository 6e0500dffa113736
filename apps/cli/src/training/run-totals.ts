import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readJsonl } from "@lathe/data";
import type { RunFolder } from "@lathe/train";

/** What all steps of a run come to, those before a resumption included. */
export interface RunTotals {
  readonly steps: number;
  /** Of the last step, in nats a label; null before the first. */
  readonly loss: number | null;
  /** The last one measured, in nats a label. */
  readonly validationLoss: number | null;
  readonly tokens: number;
  readonly labelTokens: number;
  /** Wall time of the steps. */
  readonly seconds: number;
  readonly tokensPerSecond: number | null;
}

/** Adds up the `metrics.jsonl` of a run. */
export async function runTotals(run: RunFolder): Promise<RunTotals> {
  let [steps, tokens, labelTokens, seconds] = [0, 0, 0, 0];
  let loss: number | null = null;
  let validationLoss: number | null = null;
  const path = join(run.path, "metrics.jsonl");
  // A run that was interrupted before its first step has none.
  const records = (await stat(path).catch(() => null)) === null ? [] : readJsonl(path);
  for await (const record of records) {
    if ("error" in record) continue;
    const line = record.value as Record<string, number | undefined>;
    steps = line["step"] ?? steps;
    loss = line["loss"] ?? loss;
    validationLoss = line["validationLoss"] ?? validationLoss;
    tokens += line["tokens"] ?? 0;
    labelTokens += line["labelTokens"] ?? 0;
    seconds += line["seconds"] ?? 0;
  }
  return {
    ...{ steps, loss, validationLoss, tokens, labelTokens, seconds },
    tokensPerSecond: seconds > 0 ? tokens / seconds : null,
  };
}
