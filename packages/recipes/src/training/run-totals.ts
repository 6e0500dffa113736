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

/** Adds up the reports of a run's steps, or the lines of its `metrics.jsonl`. */
export function runTotals(reports: Iterable<object>): RunTotals {
  let [steps, tokens, labelTokens, seconds] = [0, 0, 0, 0];
  let loss: number | null = null;
  let validationLoss: number | null = null;
  for (const report of reports) {
    const line = report as Record<string, number | undefined>;
    steps = line["step"] ?? steps;
    loss = line["loss"] ?? loss;
    validationLoss = line["validationLoss"] ?? validationLoss;
    tokens += line["tokens"] ?? 0;
    labelTokens += line["labelTokens"] ?? 0;
    seconds += line["seconds"] ?? 0;
  }
  const tokensPerSecond = seconds > 0 ? tokens / seconds : null;
  return { steps, loss, validationLoss, tokens, labelTokens, seconds, tokensPerSecond };
}
