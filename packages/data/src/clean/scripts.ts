/** Scripts of the languages that `language` tells apart, as a class of characters. */
export const SCRIPTS = {
  zh: /\p{Script=Han}/u,
  ja: /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u,
  ko: /[\p{Script=Hangul}\p{Script=Han}]/u,
  latin: /\p{Script=Latin}/u,
  cyrillic: /\p{Script=Cyrillic}/u,
  arabic: /\p{Script=Arabic}/u,
  greek: /\p{Script=Greek}/u,
  hebrew: /\p{Script=Hebrew}/u,
  thai: /\p{Script=Thai}/u,
  devanagari: /\p{Script=Devanagari}/u,
} as const;

/** Name of a language that is known by its script, or of a script. */
export type ScriptName = keyof typeof SCRIPTS;

/**
 * The share of a text's letters that are written in one of the scripts, from 0 to 1; null where it has no letters. A word of Latin letters
 * counts as one letter, for a Chinese character says about as much.
 */
export function scriptShare(text: string, scripts: readonly ScriptName[]): number | null {
  let letters = 0;
  let wanted = 0;
  for (const [unit] of text.matchAll(/[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]+|\p{L}/gu)) {
    letters += 1;
    if (scripts.some((script) => SCRIPTS[script].test(unit[0]))) wanted += 1;
  }
  return letters === 0 ? null : wanted / letters;
}

/** Whether a text reads as Chinese: at least a third of its words and characters are Han. */
export function isMostlyHan(text: string): boolean {
  const share = scriptShare(text, ["zh"]);
  return share !== null && share >= 1 / 3;
}
