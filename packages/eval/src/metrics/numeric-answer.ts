/**
 * The number that an answer to a sum gives, wherever a model writes it: in a box (`\boxed{…}`), after `####` or a word such as
 * "answer" or 答案, or last in the text; with thousands apart, as a fraction, in full width or in Chinese numerals, with a unit
 * behind it. A per cent sign is a unit: to "what percentage" people answer 20 and 20 %.
 */

/** Characters that Unicode's compatibility folding turns into the plain ones of numbers. */
const fold = (text: string): string => text.normalize("NFKC").replaceAll(/[−–—]/g, "-").replaceAll("⁄", "/");

const digits: Readonly<Record<string, number>> = {
  零: 0,
  〇: 0,
  一: 1,
  壹: 1,
  二: 2,
  贰: 2,
  两: 2,
  三: 3,
  叁: 3,
  四: 4,
  肆: 4,
  五: 5,
  伍: 5,
  六: 6,
  陆: 6,
  七: 7,
  柒: 7,
  八: 8,
  捌: 8,
  九: 9,
  玖: 9,
};
const tens: Readonly<Record<string, number>> = { 十: 10, 拾: 10, 百: 100, 佰: 100, 千: 1000, 仟: 1000 };
const groups: Readonly<Record<string, number>> = { 万: 1e4, 亿: 1e8 };

const plainNumber = String.raw`(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+`;
const chineseNumber =
  "[零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖十百千拾佰仟万亿]+(?:点[零〇一二三四五六七八九]+)?";
const chineseFraction = `${chineseNumber}分之${chineseNumber}`;
const latexFraction = String.raw`\\[dt]?frac\s?\{\s?-?(?:${plainNumber})\s?\}\s?\{\s?(?:${plainNumber})\s?\}`;
const numeral = new RegExp(
  String.raw`(?<![\w.])-?\s?(?:${latexFraction}|(?:${plainNumber})(?:\s?[/]\s?(?:${plainNumber}))?(?:\s?[万亿])?)|负?(?:${chineseFraction}|${chineseNumber})`,
  "gu",
);
const marked =
  /####|(?:final\s+answer|answer|答案|结果|答|therefore|所以|因此)(?:\s?(?:is|are|是|为|:|=|应为|就是))*\s?/giu;

/** Longest text that is searched; an answer stands at its end. */
const LONGEST_TEXT = 65_536;

/**
 * The number that a text gives as its answer; null where it has none.
 *
 * @param text what a model replied, or a reference
 */
export function numericAnswer(text: string): number | null {
  const folded = fold(text.slice(-LONGEST_TEXT));
  const boxed = lastBox(folded);
  if (boxed !== null) {
    const inside = numbersIn(boxed).at(-1);
    if (inside !== undefined) return inside;
  }
  const markedAt = Array.from(folded.matchAll(marked)).at(-1);
  if (markedAt !== undefined) {
    const after = folded.slice(markedAt.index + markedAt[0].length);
    const [sentence] = after.split(/[\n。]/u, 1);
    const numbers = numbersIn(sentence);
    // "The answer is 12 eggs" names it first; of "so 3 + 4 = 7" the last number is meant.
    const named = sentence.includes("=") ? numbers.at(-1) : (numbers[0] ?? numbersIn(after)[0]);
    if (named !== undefined) return named;
  }
  return numbersIn(folded).at(-1) ?? null;
}

/**
 * Whether two texts give the same number, to a relative 1e-6.
 *
 * @returns false where either gives none
 */
export function sameNumericAnswer(prediction: string, reference: string): boolean {
  const said = numericAnswer(prediction);
  const expected = numericAnswer(reference);
  if (said === null || expected === null) return false;
  return Math.abs(said - expected) <= 1e-6 * Math.max(1, Math.abs(expected));
}

/** What stands in the last `\boxed{…}`, braces inside included. */
function lastBox(text: string): string | null {
  const mark = "\\boxed{";
  const start = text.lastIndexOf(mark);
  if (start === -1) return null;
  let depth = 1;
  for (let place = start + mark.length; place < text.length; place++) {
    if (text[place] === "{") depth++;
    else if (text[place] === "}") depth--;
    if (depth === 0) return text.slice(start + mark.length, place);
  }
  return null;
}

function numbersIn(text: string): number[] {
  return Array.from(text.matchAll(numeral), ([match]) => valueOf(match.trim())).filter((value) =>
    Number.isFinite(value),
  );
}

function valueOf(numeralText: string): number {
  const negative = /^[-负]/u.test(numeralText);
  const size = sizeOf(numeralText.replace(/^[-负]\s?/u, ""));
  return negative ? -size : size;
}

function sizeOf(text: string): number {
  const fraction = /^\\[dt]?frac\s?\{\s?([^}]*)\}\s?\{\s?([^}]*)\}$/u.exec(text);
  if (fraction !== null) return plain(fraction[1]) / plain(fraction[2]);
  if (!/\d/.test(text)) {
    const parts = text.split("分之");
    return parts.length === 2 ? chinese(parts[1]) / chinese(parts[0]) : chinese(text);
  }
  const group = /[万亿]$/u.exec(text)?.[0];
  const [above, below] = text.replaceAll(/[万亿\s]/gu, "").split("/", 2);
  const value = below === undefined ? plain(above) : plain(above) / plain(below);
  return value * (group === undefined ? 1 : groups[group]);
}

const plain = (text: string): number => Number(text.replaceAll(/[,\s]/g, ""));

/** A number in Chinese numerals: by places (三千零五), or digit by digit (二〇二四). */
function chinese(text: string): number {
  const [whole, decimals] = text.split("点", 2);
  let value = 0;
  if (Array.from(whole).every((character) => character in digits)) {
    value = Number(Array.from(whole, (character) => digits[character]).join(""));
  } else {
    let section = 0; // below the next 万 or 亿
    let digit = 0;
    for (const character of whole) {
      if (character in digits) digit = digits[character];
      else if (character in tens) {
        section += (digit === 0 ? 1 : digit) * tens[character];
        digit = 0;
      } else {
        const group = groups[character];
        value = group > 1e4 ? (value + section + digit) * group : value + (section + digit) * group;
        section = 0;
        digit = 0;
      }
    }
    value += section + digit;
  }
  if (decimals === undefined) return value;
  return value + Number(`0.${Array.from(decimals, (character) => digits[character]).join("")}`);
}
