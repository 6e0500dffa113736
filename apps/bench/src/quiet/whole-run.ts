import { cpus } from "node:os";
import { readProcessorTimes } from "./processor-times.js";
import { bounds } from "./quiet-rounds.js";
import { type Stretch, stretchBetween } from "./stretch.js";

/** Read when the command begins. */
const atStart = readProcessorTimes();

/** What the machine did besides since the command began; null where the system does not tell. */
export function wholeRun(): Stretch | null {
  const now = readProcessorTimes();
  return atStart === null || now === null ? null : stretchBetween(atStart, now, cpus().length);
}

/** Whether others took little enough for times to be quoted. */
export function isQuietStretch({ others, stolen }: Stretch): boolean {
  return others <= bounds.others && stolen <= bounds.stolen;
}

/** The sentence that belongs to a result. */
export function describeStretch(stretch: Stretch): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const shares = `others took ${percent(stretch.others)} of the processors over the whole run, ${percent(stretch.stolen)} were stolen`;
  return isQuietStretch(stretch)
    ? `Quiet: ${shares}.`
    : `Not quiet: ${shares}. Times are too long, those of contestants with threads that wait for each other most of all, and are not to be quoted.`;
}
