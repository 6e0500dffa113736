import { join } from "node:path";
import { field, formatBytes, formatDuration, type Phrase, phrase, type Told } from "@lathe/files";
import { sparkline } from "@lathe/report";
import type { StepReport } from "@lathe/train";
import type { FinetuneSummary } from "../finetune.js";

/** Losses that the course of a run under way shows, and the signs of it. */
const RECENT = 96;
const RECENT_WIDTH = 8;

/** Signs that the course of a whole run takes, which leaves room for its ends in a narrow terminal. */
const COURSE_WIDTH = 24;

/**
 * What a step came to, in parts that stand beside each other.
 * @param losses of the steps so far, for their course; none where it is not shown
 */
export function tellStep(report: StepReport, losses: readonly number[]): Phrase[] {
  const { loss, tokensPerSecond, residentBytes, accuracy, margin } = report;
  return [
    phrase`loss ${loss.toFixed(4)}`,
    ...(losses.length > 1 ? [phrase`${sparkline(losses.slice(-RECENT), RECENT_WIDTH)}`] : []),
    ...(accuracy === undefined ? [] : [phrase`accuracy ${accuracy.toFixed(2)}`]),
    ...(margin === undefined ? [] : [phrase`margin ${margin.toFixed(3)}`]),
    phrase`${tokensPerSecond.toFixed(0)} tokens/s`,
    phrase`${formatBytes(residentBytes)}`,
  ];
}

/** What an evaluation within a run came to. */
export function tellValidation(step: number, loss: number): Phrase {
  return phrase`step ${step}: validation loss ${loss.toFixed(4)}, perplexity ${Math.exp(loss).toFixed(2)}`;
}

/** That a run was interrupted, and how it goes on. */
export const tellInterrupted = (step: number, output: string): Phrase =>
  phrase`interrupted after step ${step}; continue with ${field("resume")} ${field("output")} ${output}`;

/** What a run has written, a line each. */
export const tellWritten = ({ adapter, base, model }: Partial<FinetuneSummary>): Phrase[] => [
  ...(adapter == null ? [] : [phrase`adapter: ${adapter}`]),
  ...(base == null ? [] : [phrase`base that it belongs to: ${base}`]),
  ...(model == null ? [] : [phrase`model: ${model}`]),
];

/** What a run that was not interrupted came to. @param losses of all its steps  @param output folder of the run */
export function tellTrained(summary: FinetuneSummary, losses: readonly number[], output: string): Told {
  const { steps, loss, validationLoss, tokens, seconds, tokensPerSecond, stoppedEarly } = summary;
  const duration = formatDuration(seconds);
  const course = sparkline(losses, COURSE_WIDTH);
  const ends = [losses[0], losses[losses.length - 1]].map((end) => end?.toFixed(3) ?? "");
  return [
    {
      above: [
        steps === 1 ? phrase`${1} step in ${duration}` : phrase`${steps} steps in ${duration}`,
        ...(stoppedEarly
          ? [phrase`ended after step ${steps}: the validation loss fell no more (${field("train.patience")})`]
          : []),
      ],
      head: [phrase`loss`, phrase`validation loss`, phrase`tokens`, phrase`tokens/s`],
      rows: [[loss, validationLoss, tokens, tokensPerSecond]],
      below: [
        ...(losses.length < 2 ? [] : [phrase`loss ${ends[0]} ${course} ${ends[1]}`]),
        ...tellWritten(summary),
        phrase`page of the run: ${join(output, "report.html")}`,
      ],
    },
  ];
}
