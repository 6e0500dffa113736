import { cpus } from "node:os";
import { readProcessorTimes } from "./processor-times.js";
import { isQuietStretch, percent, type Stretch, stretchBetween } from "./stretch.js";

/** Read when the command begins. */
const atStart = readProcessorTimes();

/** What the machine did besides since the command began; null where the system does not tell. */
export function wholeRun(): Stretch | null {
  const now = readProcessorTimes();
  return atStart === null || now === null ? null : stretchBetween(atStart, now, cpus().length);
}

/** The sentence that belongs to a result. */
export function describeStretch(stretch: Stretch): string {
  const shares = `others took ${percent(stretch.others)} of the processors over the whole run, ${percent(stretch.stolen)} were stolen`;
  return isQuietStretch(stretch)
    ? `Quiet: ${shares}.`
    : `Not quiet: ${shares}. Times are too long, those of contestants with threads that wait for each other most of all, and are not to be quoted.`;
}
