import { mapProse } from "./code-fences.js";

/**
 * Step "repeated-characters": of letters, emoji and marks of exclamation, question and pause that are repeated, `most` are left: `好好好好好` becomes
 * `好好好`. Digits, blanks and what draws lines and tables may stand as often as they do; code in fences is left alone.
 *
 * @param most how many of a run are left, at least 1
 */
export function repeatedCharactersShortener(most: number): (text: string) => string {
  const run = new RegExp(`([\\p{L}\\p{Extended_Pictographic}!?,;！？。，、；…～~])\\1{${most},}`, "gu");
  return (text) =>
    mapProse(text, (prose) => prose.replace(run, (_run, character: string) => character.repeat(most)));
}
