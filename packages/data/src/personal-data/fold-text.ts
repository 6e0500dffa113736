const CHINESE_DIGITS = new Map<string, string>([
  ..."〇零○一二三四五六七八九"
    .split("")
    .map((digit, index) => [digit, String(Math.max(0, index - 2))] as const),
  ..."壹贰叁肆伍陆柒捌玖".split("").map((digit, index) => [digit, String(index + 1)] as const),
  ["幺", "1"],
]);

/** At least seven digits of any kind in a row, each apart from the next by one blank or dash at most. */
const DIGIT_RUN =
  /[0-9〇零○一二三四五六七八九壹贰叁肆伍陆柒捌玖幺](?:[ -]?[0-9〇零○一二三四五六七八九壹贰叁肆伍陆柒捌玖幺]){6,}/g;

/**
 * A text as the patterns for personal data read it, of the same length as before: full-width letters, digits and signs as ASCII,
 * any dash as `-`, any blank as a space, runs of Chinese digits as digits.
 */
export function foldText(text: string): string {
  const folded = text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/[\u2010-\u2015\u2212\ufe58\ufe63]/g, "-")
    .replace(/[\t\u00a0\u2000-\u200a\u202f\u205f\u3000]/g, " ");
  return folded.replace(DIGIT_RUN, (run) =>
    run.replace(/[^0-9 -]/g, (digit) => CHINESE_DIGITS.get(digit) ?? digit),
  );
}

/** Letters and digits of a datum in lower case, with what parts the sides of an address of mail or of a network. */
export function plainValue(text: string): string {
  return foldText(text)
    .replace(/[^\p{L}\p{N}@.:]/gu, "")
    .toLowerCase();
}
