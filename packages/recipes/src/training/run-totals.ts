import { isRecord } from "@lathe/files";
import type { LossStall } from "@lathe/train";

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
  /** Steps that were not applied, as something was not finite. */
  readonly badSteps: number;
  /** Steps whose loss leapt up over those before. */
  readonly spikes: number;
  /** How the loss stood when it was last looked at and had not fallen since the run began; null where it has. */
  readonly stalled: LossStall | null;
}

/** Adds up the reports of a run's steps, or the lines of its `metrics.jsonl`. */
export function runTotals(reports: Iterable<object>): RunTotals {
  let [steps, tokens, labelTokens, seconds] = [0, 0, 0, 0];
  let loss: number | null = null;
  let validationLoss: number | null = null;
  let [badSteps, spikes] = [0, 0];
  let stalled: LossStall | null = null;
  for (const report of reports) {
    const line = report as Record<string, number | undefined>;
    const { bad, spike, stalled: stall } = report as Record<string, unknown>;
    if (isRecord(bad)) badSteps++;
    if (isRecord(spike)) spikes++;
    if (stall !== undefined) stalled = isRecord(stall) ? (stall as unknown as LossStall) : null;
    steps = line["step"] ?? steps;
    loss = line["loss"] ?? loss;
    validationLoss = line["validationLoss"] ?? validationLoss;
    tokens += line["tokens"] ?? 0;
    labelTokens += line["labelTokens"] ?? 0;
    seconds += line["seconds"] ?? 0;
  }
  const tokensPerSecond = seconds > 0 ? tokens / seconds : null;
  return {
    steps,
    loss,
    validationLoss,
    tokens,
    labelTokens,
    seconds,
    tokensPerSecond,
    badSteps,
    spikes,
    stalled,
  };
}
