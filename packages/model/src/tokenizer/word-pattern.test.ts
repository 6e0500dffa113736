import { threefry2x32 } from "@lathe/kernels";
import { describe, expect, it } from "vitest";
import { NEWEST_CHARACTERS } from "./newest-characters.js";
import { WordPattern } from "./word-pattern.js";

const SEED = Number(process.env["LATHE_TEST_SEED"] ?? 20_261_128);

class Random {
  #drawn = 0;
  constructor(readonly stream: number) {}
  below(limit: number): number {
    return threefry2x32([SEED, this.stream], [this.#drawn++, 0])[0] % limit;
  }
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }
}

/** Patterns of published tokenizers, by the models that have them. */
const published = {
  "Qwen 3":
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "Llama 3":
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "GPT-2": "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "DeepSeek-V3, digits": "\\p{N}{1,3}",
  "DeepSeek-V3, Chinese": "[一-龥぀-ゟ゠-ヿ]+",
  "DeepSeek-V3, words":
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
  "GPT-4o":
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
};

/** The same for the engine of JavaScript, whose blanks are others. */
function asRegExp(pattern: string): RegExp {
  const source = pattern
    .replace(/\(\?i:([^)]*)\)/g, (_, letters: string) => {
      const folded = letters.replace(
        /[a-z]/gi,
        (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`,
      );
      return `(?:${folded})`;
    })
    .replaceAll("\\s", "\\p{White_Space}")
    .replaceAll("\\S", "\\P{White_Space}");
  return new RegExp(source, "uy");
}

const BITS = [
  ..."'sSſtTRevVmMlLdD aAzZ09.,!-/\\[]^_~\n\r\t\u3000\u0085\u00a0\u200b\ufeff一龥鿿のヶㄅ가éſßẞΣ٣½Ⅻ€😀𝟘𠀀",
  ...["e\u0301", "  ", " \n", "\r\n", "don't", "I'LL", "123", "\u{e0001}", "\ud800", "\udc00", "ǅ", "ʰ"],
];
const RANGES: readonly (readonly [number, number])[] = [
  [0, 0x7f],
  [0x80, 0x24f],
  [0x300, 0x36f],
  [0x370, 0x1fff],
  [0x2000, 0x2bff],
  [0x3000, 0x30ff],
  [0x4e00, 0x9fff],
  [0xa000, 0xffff],
  [0x10000, 0x1ffff],
  [0x20000, 0x10ffff],
];
const newest = new RegExp(`[${NEWEST_CHARACTERS}]`, "gu");

function randomText(random: Random): string {
  let text = "";
  for (let bits = random.below(20); bits >= 0; bits--) {
    const [low, high] = random.pick(RANGES);
    text +=
      random.below(3) > 0 ? random.pick(BITS) : String.fromCodePoint(low + random.below(high - low + 1));
  }
  return text.replace(newest, "");
}

/** Every place of a text at which the two engines differ. */
function differences(pattern: string, text: string): string[] {
  const own = WordPattern.of(pattern)!;
  const engine = asRegExp(pattern);
  const found: string[] = [];
  for (let start = 0; start < text.length; start++) {
    // Within a pair of surrogates no word begins.
    if (start > 0 && text.codePointAt(start - 1)! > 0xffff) continue;
    engine.lastIndex = start;
    const expected = engine.test(text) ? engine.lastIndex : -1;
    const end = own.matchEnd(text, start, text.length);
    if (end !== expected) found.push(`at ${start} of ${JSON.stringify(text)}: ${end} for ${expected}`);
  }
  return found;
}

describe("WordPattern", () => {
  it.each(Object.entries(published))("of %s matches what the engine of JavaScript matches", (_, pattern) => {
    const random = new Random(1);
    for (let round = 0; round < 400; round++) {
      expect(differences(pattern, randomText(random)), `seed ${SEED}, round ${round}`).toEqual([]);
    }
  });

  it("of any alternatives, groups and repetitions does too", () => {
    const random = new Random(2);
    let compared = 0;
    for (let round = 0; round < 1500; round++) {
      const pattern = randomPattern(random, 3);
      const own = WordPattern.of(pattern);
      // Whole patterns and repeated parts that match between characters are not read.
      if (own === null) continue;
      compared += 1;
      const text = Array.from({ length: 12 }, () => random.pick([..."aabbc  \n1"])).join("");
      expect(differences(pattern, text), `seed ${SEED}, ${pattern}`).toEqual([]);
    }
    expect(compared).toBeGreaterThan(500);
  });

  it("sees no further than the end that it is given", () => {
    const pattern = WordPattern.of("a+|\\s+(?!\\S)")!;
    expect(pattern.matchEnd("aaaa", 1, 3)).toBe(3);
    expect(pattern.matchEnd("  b", 0, 2)).toBe(2);
    expect(pattern.matchEnd("  b", 0, 3)).toBe(1);
    expect(pattern.matchEnd("b", 0, 1)).toBe(-1);
  });

  it("goes on where it has more states than it remembers", () => {
    const pattern = `(?:(?:a|b)*a${"(?:a|b)".repeat(12)}c|a|b|c)`;
    const random = new Random(3);
    const text = Array.from({ length: 3000 }, () => random.pick(["a", "b"])).join("");
    const own = WordPattern.of(pattern)!;
    const engine = asRegExp(pattern);
    for (const start of [0, 1, 2, 1500]) {
      engine.lastIndex = start;
      engine.test(text);
      expect(own.matchEnd(text, start, text.length)).toBe(engine.lastIndex);
    }
  });

  it("takes characters of Unicode 17 for none, as the reference does", () => {
    const pattern = WordPattern.of("\\p{L}+|[^\\p{L}]")!;
    expect(pattern.matchEnd("a\u{33000}", 0, 3)).toBe(1);
    expect(pattern.matchEnd("\u{33000}", 0, 2)).toBe(2);
    expect(WordPattern.of("\\P{S}")!.matchEnd("\u{1f6d8}", 0, 2)).toBe(2);
  });

  it.each([
    "",
    "a*",
    "(?:a|b?)+c",
    "(?=a)b",
    "(?<!a)b",
    "(?!ab)c",
    "a+?",
    "a++",
    "\\w+",
    "\\d",
    "\\bA",
    "^a",
    "a$",
    ".",
    "(a)",
    "(?i:é)",
    "(?i:\\p{Lu})",
    "[[:alpha:]]",
    "[a-z&&[aeiou]]",
    "\\p{Han}",
    "a{99}",
    "a{2,1}",
    "[b-a]",
    "[",
    "(?:a",
    "a)",
    "\\",
    "+",
    "[]a]",
    "x".repeat(3000),
  ])("is none for %j, which says more than it can", (pattern) => {
    expect(WordPattern.of(pattern)).toBeNull();
  });
});

function randomPattern(random: Random, depth: number): string {
  const atom = (): string => {
    if (depth > 0 && random.below(4) === 0) return `(?:${randomPattern(random, depth - 1)})`;
    return random.pick(["a", "b", "c", "\\s", "[ab]", "[^a]", "[^\\sb]", "\\p{N}", "\\S", "(?i:aB)"]);
  };
  const alternative = (): string => {
    let text = "";
    for (let count = 1 + random.below(3); count > 0; count--) {
      text += atom() + random.pick(["", "", "", "?", "*", "+", "{2}", "{1,3}", "{0,2}", "{2,}"]);
    }
    return text + random.pick(["", "", "", "(?!\\S)", "(?![ab])"]);
  };
  return Array.from({ length: 1 + random.below(3) }, alternative).join("|");
}
