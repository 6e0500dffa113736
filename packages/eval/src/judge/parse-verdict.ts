import { stripReasoning } from "../scores/strip-reasoning.js";
import { GREATEST_SCORE } from "./judge-prompt.js";

/** Which of two replies a judge prefers, by its letter; C where both are equally good. */
export type PairVerdict = "A" | "B" | "C";

/** What stands in the last double square brackets of an answer, reasoning apart; null where there are none. */
function lastInBrackets(answer: string): string | null {
  const text = stripReasoning(answer);
  const start = text.lastIndexOf("[[");
  const end = text.indexOf("]]", start);
  return start === -1 || end === -1 ? null : text.slice(start + 2, end).trim();
}

/** The score that an answer ends with: a whole number from 1 to 10; null where it gives none. */
export function parseScore(answer: string): number | null {
  const said = lastInBrackets(answer);
  if (said === null || !/^\d{1,2}$/.test(said)) return null;
  const score = Number(said);
  return score >= 1 && score <= GREATEST_SCORE ? score : null;
}

/** The preference that an answer ends with; null where it gives none. */
export function parsePreference(answer: string): PairVerdict | null {
  const said = lastInBrackets(answer)?.toUpperCase();
  return said === "A" || said === "B" || said === "C" ? said : null;
}
