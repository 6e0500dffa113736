import { withoutUnits } from "./without-units.js";

/**
 * The number that an answer to a sum gives, wherever a model writes it: in a box (`\\boxed{…}`), after `####` or a word such as
 * "answer" or 答案, or last in the text; with thousands apart, as a fraction or mixed number, by powers of ten, in digits of any
 * script or in Chinese numerals, with a unit behind it. A per cent sign is a unit: to "what percentage" people answer 20 and 20 %.
 */

/** The first digit of a run of digits of a script, of which Unicode has ten in order. */
const zeroOf = (digit: number): number => {
  let zero = digit;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return zero;
};

/** Characters of numbers as the plain ones: full width, fractions of one character, digits of any script, minus signs, LaTeX's spaces. */
function fold(text: string): string {
  return (
    text
      .replaceAll(/(?<=\d)(?:\{,\}|,\\!|\\[,;: ]|[\u00a0\u2009\u202f\u066c])(?=\d{3}(?!\d))/g, ",")
      .replaceAll(/(?<=\d)(?=[\u00bc-\u00be\u2150-\u215f\u2189])/g, " ")
      // A raised digit behind these would become one of their own: that of 10⁴ a fifth, that of 厘米² a number.
      .replaceAll(
        /(?<=[\d\p{Script=Han}])[⁺⁻]?[⁰¹²³⁴-⁹]+/gu,
        (raised) => `^{${raised.normalize("NFKC").replace("+", "")}}`,
      )
      .normalize("NFKC")
      .replaceAll(/(?![0-9])\p{Nd}/gu, (digit) => {
        const point = digit.codePointAt(0)!;
        return String((point - zeroOf(point)) % 10);
      })
      .replaceAll("\u066b", ".")
      .replaceAll("\u066c", ",")
      .replaceAll("\u066a", "%")
      .replaceAll(/[−–—]/g, "-")
      .replaceAll("⁄", "/")
  );
}

const digits: Readonly<Record<string, number>> = {
  零: 0,
  〇: 0,
  一: 1,
  壹: 1,
  二: 2,
  贰: 2,
  貳: 2,
  两: 2,
  兩: 2,
  三: 3,
  叁: 3,
  參: 3,
  四: 4,
  肆: 4,
  五: 5,
  伍: 5,
  六: 6,
  陆: 6,
  陸: 6,
  七: 7,
  柒: 7,
  八: 8,
  捌: 8,
  九: 9,
  玖: 9,
};
const tens: Readonly<Record<string, number>> = { 十: 10, 拾: 10, 百: 100, 佰: 100, 千: 1000, 仟: 1000 };
/** Tens that are one character. */
const twenties: Readonly<Record<string, number>> = { 廿: 20, 卅: 30 };
const groups: Readonly<Record<string, number>> = { 万: 1e4, 萬: 1e4, 亿: 1e8, 億: 1e8 };

const plainNumber = String.raw`(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+`;
const tenToThe = String.raw`10\s?(?:\^|\*\*)\s?(?:\{\s?-?\d{1,3}\s?\}|-?\d{1,3})`;
const powerOfTen = String.raw`(?:[eE][+-]?\d{1,3}(?!\w)|\s?(?:×|\*|\\times|\\cdot)\s?${tenToThe})`;
const chineseDigit = Object.keys(digits).join("");
const chineseNumber = `[${chineseDigit}${[tens, twenties, groups].flatMap(Object.keys).join("")}]+(?:[点點][${chineseDigit}]+)?`;
const chineseFraction = `(?:${chineseNumber}|百)分之(?:${chineseNumber}|${plainNumber})`;
const latexPart = String.raw`(?:\{\s?-?(?:${plainNumber})\s?\}|\d)`;
const latexFraction = String.raw`\\[dt]?frac\s?${latexPart}\s?${latexPart}`;
const simpleFraction = String.raw`\d+\s?/\s?\d+`;
const numeral = new RegExp(
  [
    String.raw`(?<![\w.])-?\s?(?:(?:\d+\s?)?${latexFraction}|${tenToThe}|\d+\s${simpleFraction}(?![\d/])|(?:${plainNumber})(?:${powerOfTen}|(?:\s?[/]\s?(?:${plainNumber}))?(?:\s?[万萬亿億])?))`,
    `[负負]?(?:${chineseFraction}|一半|${chineseNumber})`,
  ].join("|"),
  "gu",
);
const marked =
  /####|(?:final\s+answer|answer|答案|结果|答|therefore|所以|因此)(?:\s?(?:is|are|是|为|:|=|应为|就是))*\s?/giu;

/** What makes the inside of a box more than a number: roots, powers other than of ten, names of quantities. */
const expression =
  /\\(?:sqrt|pi|log|ln|sin|cos|tan|infty|pm)(?![a-z])|[√π∞±]|(?<!(?<![\d.])10\s?)\^|\^(?!\s?(?:\{\s?-?\d+\s?\}|-?\d))/u;

/** Longest text that is searched; an answer stands at its end. */
const LONGEST_TEXT = 65_536;

/**
 * The number that a text gives as its answer; null where it has none.
 *
 * @param text what a model replied, or a reference
 */
export function numericAnswer(text: string): number | null {
  const folded = withoutUnits(fold(text.slice(-LONGEST_TEXT)));
  const boxed = lastBox(folded);
  if (boxed !== null) {
    // Of a root a number inside says nothing.
    if (expression.test(boxed)) return null;
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
  const negative = /^[-负負]/u.test(numeralText);
  const size = sizeOf(numeralText.replace(/^[-负負]\s?/u, ""));
  return negative ? -size : size;
}

const latexNumber = /^(\d*)\s?\\[dt]?frac\s?(?:\{\s?([^}]*)\}|(\d))\s?(?:\{\s?([^}]*)\}|(\d))$/u;
const scientific =
  /^([\d.,]+)(?:[eE]([+-]?\d+)|\s?(?:×|\*|\\times|\\cdot)\s?10\s?(?:\^|\*\*)\s?\{?\s?(-?\d+)\s?\}?)$/u;

function sizeOf(text: string): number {
  const fraction = latexNumber.exec(text);
  if (fraction !== null) {
    const [, whole, above = "", aboveDigit = "", below = "", belowDigit = ""] = fraction;
    return Number(whole) + plain(above || aboveDigit) / plain(below || belowDigit);
  }
  const parts = text.split("分之");
  if (parts.length === 2) {
    const above = /\d/.test(parts[1]) ? plain(parts[1]) : chinese(parts[1]);
    // 百分之 is a per cent sign.
    return parts[0] === "百" ? above : above / chinese(parts[0]);
  }
  if (text === "一半") return 0.5;
  if (!/\d/.test(text)) return chinese(text);
  const ten = /^10\s?(?:\^|\*\*)\s?\{?\s?(-?\d+)\s?\}?$/u.exec(text);
  if (ten !== null) return Number(`1e${ten[1]}`);
  const power = scientific.exec(text);
  if (power !== null) return Number(`${plain(power[1])}e${power[2] ?? power[3]}`);
  const mixed = /^(\d+)\s(\d+)\s?\/\s?(\d+)$/u.exec(text);
  if (mixed !== null) return Number(mixed[1]) + Number(mixed[2]) / Number(mixed[3]);
  const group = /[万萬亿億]$/u.exec(text)?.[0];
  const [above, below] = text.replaceAll(/[万萬亿億\s]/gu, "").split("/", 2);
  const value = below === undefined ? plain(above) : plain(above) / plain(below);
  return value * (group === undefined ? 1 : groups[group]);
}

const plain = (text: string): number => Number(text.replaceAll(/[,\s]/g, ""));

/** A number in Chinese numerals: by places (三千零五, and for short 三千五 of 3,500), or digit by digit (二〇二四). */
function chinese(text: string): number {
  const [whole, decimals] = text.split(/[点點]/u, 2);
  let value = 0;
  if (Array.from(whole).every((character) => character in digits)) {
    value = Number(Array.from(whole, (character) => digits[character]).join(""));
  } else {
    let section = 0; // below the next 万 or 亿
    let digit = 0;
    let place = 1; // what a digit behind the last unit counts
    for (const character of whole) {
      if (character in digits) {
        digit = digits[character];
        if (digit === 0) place = 1;
      } else if (character in tens || character in twenties) {
        section += character in twenties ? twenties[character] : (digit === 0 ? 1 : digit) * tens[character];
        place = character in twenties ? 1 : tens[character] / 10;
        digit = 0;
      } else {
        const group = groups[character];
        value = group > 1e4 ? (value + section + digit) * group : value + (section + digit) * group;
        place = group / 10;
        section = 0;
        digit = 0;
      }
    }
    digit *= place;
    value += section + digit;
  }
  if (decimals === undefined) return value;
  return value + Number(`0.${Array.from(decimals, (character) => digits[character]).join("")}`);
}
