import { type MetricsLine, numberOf } from "./metrics-line.js";

/** What all steps of a run come to. */
export interface RunTotals {
  /** The last step; null before the first. */
  readonly step: number | null;
  /** Steps of the whole run, as its lines say. */
  readonly totalSteps: number | null;
  /** Mean of the last losses. */
  readonly lastLoss: number | null;
  readonly bestValidation: number | null;
  readonly tokens: number;
  /** Of all steps. */
  readonly seconds: number;
  /** Steps whose loss leapt up. */
  readonly spikes: number;
  /** Steps that were not applied. */
  readonly badSteps: number;
  /** What was found last of a loss that does not fall; null where nothing was, or where it then fell. */
  readonly stall: Readonly<Record<string, unknown>> | null;
}

/** Losses that the last one is the mean of. */
const LAST_LOSSES = 10;

/** Sums a run up line by line, in constant memory. */
export class RunTally {
  #step: number | null = null;
  #totalSteps: number | null = null;
  #lastLosses: number[] = [];
  #bestValidation: number | null = null;
  #tokens = 0;
  #seconds = 0;
  #spikes = 0;
  #badSteps = 0;
  #stall: Readonly<Record<string, unknown>> | null = null;

  /** Takes the line of the next step. */
  add(line: MetricsLine): void {
    this.#step = numberOf(line, "step") ?? (this.#step ?? 0) + 1;
    this.#totalSteps = numberOf(line, "totalSteps") ?? this.#totalSteps;
    const loss = numberOf(line, "loss");
    if (loss !== null) this.#lastLosses = [...this.#lastLosses.slice(1 - LAST_LOSSES), loss];
    const validation = numberOf(line, "validationLoss");
    if (validation !== null) this.#bestValidation = Math.min(validation, this.#bestValidation ?? validation);
    this.#tokens += numberOf(line, "tokens") ?? 0;
    this.#seconds += numberOf(line, "seconds") ?? 0;
    if (line["spike"] !== undefined) this.#spikes++;
    if (line["bad"] !== undefined) this.#badSteps++;
    const stall = line["stalled"];
    if (stall === undefined) return;
    this.#stall = typeof stall === "object" ? (stall as Readonly<Record<string, unknown>> | null) : null;
  }

  /** What the lines so far come to. */
  totals(): RunTotals {
    const losses = this.#lastLosses;
    return {
      step: this.#step,
      totalSteps: this.#totalSteps,
      lastLoss: losses.length === 0 ? null : losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
      bestValidation: this.#bestValidation,
      tokens: this.#tokens,
      seconds: this.#seconds,
      spikes: this.#spikes,
      badSteps: this.#badSteps,
      stall: this.#stall,
    };
  }
}

/** What the lines of a whole run come to. */
export function runTotals(metrics: readonly MetricsLine[]): RunTotals {
  const tally = new RunTally();
  for (const line of metrics) tally.add(line);
  return tally.totals();
}
