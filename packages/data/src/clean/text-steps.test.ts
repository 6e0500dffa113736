import { describe, expect, it } from "vitest";
import { forSeeds } from "../../testing/seeded-random.js";
import {
  foldUnicode,
  removeControlCharacters,
  removeZeroWidth,
  tidyWhiteSpace,
  unifyLineEnds,
} from "../index.js";

/** The steps on texts that run unless others are listed, but for the repair of encodings, in their order. */
const TEXT_STEPS = [
  { name: "line-ends", apply: unifyLineEnds },
  { name: "control-characters", apply: removeControlCharacters },
  { name: "zero-width", apply: removeZeroWidth },
  { name: "unicode", apply: foldUnicode },
  { name: "white-space", apply: tidyWhiteSpace },
];

const ALPHABET = [
  ..."abＡ１，。！？：；（）“”＂｜＜＞～　 \t\n\r\v\f\0\u0007\u0085\u2028\u00a0\u2009",
  ..."ﬁ㎡²½①Ⅳ…ｶﾞ｡豈⼀ㅋé\u0301\u0338Åﷺﻻ",
  ..."\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u202e\u2066\u180e\u3164",
  ..."مकന്\u094d😀👩💻\ufe0f🏽\ud83d\ude00\uffff",
  "```",
  "~~~",
  "````",
  "```ts",
  "\n```\n",
  "<｜User｜>",
  "<|im_end|>",
  "👩\u200d💻",
  "🏴\u{E0067}\u{E0062}\u{E007F}",
];

describe("the steps on texts", () => {
  it("change nothing when they run again", () => {
    forSeeds(3000, (random) => {
      const run = (text: string): string => TEXT_STEPS.reduce((before, { apply }) => apply(before), text);
      const once = run(random.text(ALPHABET, 24));
      expect(run(once)).toBe(once);
    });
  });

  it("each change nothing when they run again after the steps before them", () => {
    forSeeds(1000, (random) => {
      let text = random.text(ALPHABET, 24);
      for (const { apply, name } of TEXT_STEPS) {
        text = apply(text);
        expect(apply(text), name).toBe(text);
      }
    });
  });

  it.each([
    ["blanks within a line", `a${" ".repeat(300_000)}b`],
    ["line feeds", `a${"\n".repeat(300_000)}b`],
    ["blank lines in an open fence", `\`\`\`\n${"\n".repeat(300_000)}`],
    ["backticks", `${"`".repeat(300_000)}a\``],
    ["tildes", `${"~".repeat(300_000)} a`],
    ["beginnings of special tokens", "<|".repeat(150_000)],
    ["joiners", "\u200d".repeat(300_000)],
    ["combining marks", `a${"\u0301".repeat(30_000)}`],
  ])("take time in proportion to a text of many %s", (_name, text) => {
    const start = performance.now();
    for (const { apply } of TEXT_STEPS) apply(text);
    // Tens of milliseconds each; a quadratic step takes minutes.
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("leave plain text of many languages alone", () => {
    for (const text of [
      "你好，我想吃“烤鸭”（全聚德）！多少钱？答：１２ 元".replace("１２", "12"),
      "Où êtes-vous ? L'été, à Nîmes…",
      "한국어 문장입니다. ㅋㅋㅋ",
      "می‌خواهم به خانه بروم.",
      "नमस्ते, क्‍ष",
      "ฉันรักคุณ",
      "x² + ½ ≤ 3 m², Ⅳ, ①, 25 ℃, ™, 10～20",
      "👩‍💻 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👍🏽 ❤️ 1️⃣",
      "- a\n  - b\n\n\tcode()\n",
      "<｜begin▁of▁sentence｜><｜User｜>hi<｜Assistant｜><think>\n",
    ]) {
      for (const { apply } of TEXT_STEPS.slice(0, 4)) expect(apply(text)).toBe(text);
    }
  });
});

describe("line-ends", () => {
  it("makes every line end LF", () => {
    expect(unifyLineEnds("a\r\nb\rc\vd\fe\u0085f\u2028g\u2029h\n\r")).toBe("a\nb\nc\nd\ne\nf\ng\nh\n\n");
  });
});

describe("control-characters", () => {
  it("removes them but for LF and tab", () => {
    expect(removeControlCharacters("a\0b\u0007\tc\n\u007f\u0080\u009fd\u001b[1m")).toBe("ab\tc\nd[1m");
  });

  it("removes halves of surrogate pairs and noncharacters, not pairs or private use", () => {
    expect(removeControlCharacters("a\ud83d b\ude00 😀\ufffe\ufdd0\u{1ffff}\ue000")).toBe("a b 😀\ue000");
  });
});

describe("zero-width", () => {
  it.each([
    [
      "zero width spaces, joiners and marks between Latin letters",
      "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg",
      "abcdefg",
    ],
    ["a joiner after an emoji that joins nothing", "👩\u200d", "👩"],
    ["a joiner before a letter", "👩\u200da", "👩a"],
    ["tags without a flag", "a\u{E0041}\u{E0042}", "a"],
    ["direction marks in left-to-right text", "餐厅\u200e。", "餐厅。"],
    ["direction overrides anywhere", "\u202eשלום\u202c", "שלום\u202c"],
  ])("removes %s", (_name, before, after) => {
    expect(removeZeroWidth(before)).toBe(after);
  });

  it.each([
    ["ZWNJ in Persian", "می\u200cخواهم"],
    ["ZWJ at the end of an Arabic letter", "ه\u200d"],
    ["ZWJ and ZWNJ after a virama", "क्\u200dष क्\u200cष"],
    ["ZWJ in a family", "👨\u200d👩\u200d👧\u200d👦"],
    ["ZWJ after a skin tone and after a variation selector", "👩🏽\u200d💻 ❤️\u200d🔥"],
    ["the tags of a flag", "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}"],
    ["direction marks beside Hebrew", "שלום (a)\u200f"],
  ])("keeps %s", (_name, text) => {
    expect(removeZeroWidth(text)).toBe(text);
  });
});

describe("unicode", () => {
  it.each([
    ["full-width letters and digits", "ＡＢＣａｂｃ０１２３", "ABCabc0123"],
    ["full-width symbols", "５０％＋１＝＠＃＿", "50%+1=@#_"],
    ["half-width katakana, with their voicing", "ｶﾞｷﾞﾊﾟｱｲｳ｡", "ガギパアイウ。"],
    ["ligatures", "ﬁnal oﬀer ﬃ", "final offer ffi"],
    ["CJK compatibility ideographs and radicals", "豈\u{2F800}⼀⽔", "豈丽一水"],
    ["Arabic presentation forms", "ﻻﻣ", "لام"],
    ["decomposed letters", "e\u0301", "é"],
  ])("folds %s", (_name, before, after) => {
    expect(foldUnicode(before)).toBe(after);
  });

  it.each([
    ["Chinese punctuation", "，。！？：；（）“”‘’、《》【】～—…￥－"],
    ["super- and subscripts and fractions", "m² x₁ ½ 2½"],
    ["circled and Roman numerals", "①②⑩ ⅣⅫ ㈠"],
    ["units and letterlike signs", "㎡ ㎏ ℃ № ™"],
    ["mathematical letters", "𝐱 𝑥 ℝ"],
    ["jamo that stand alone", "ㅋㅋㅋ"],
    ["the ideographic space", "你\u3000好"],
    ["special tokens", "<｜User｜><|ＡＢＣ|><｜tool▁calls▁begin｜>"],
    ["fenced code", "```\nＡ = ﬁ\n```"],
  ])("leaves %s", (_name, text) => {
    expect(foldUnicode(text)).toBe(text);
  });

  it("folds around special tokens and code", () => {
    expect(foldUnicode("Ａ<｜User｜>Ｂ\n```\nＣ\n```\nＤ")).toBe("A<｜User｜>B\n```\nＣ\n```\nD");
  });
});

describe("white-space", () => {
  it.each([
    ["runs of blanks", "a  b \t c\u00a0\u3000d", "a b c d"],
    ["blanks at line ends", "a  \nb\t\n", "a\nb"],
    ["edges", " \n\t a b \u3000\n ", "a b"],
    ["blank lines", "a\n\n\n\nb\n \n\t\nc", "a\n\nb\n\nc"],
    ["ideographic indentation", "一\n\u3000\u3000二", "一\n二"],
    ["blanks alone", " \u3000\n", ""],
  ])("tidies %s", (_name, before, after) => {
    expect(tidyWhiteSpace(before)).toBe(after);
  });

  it("keeps the indentation of lists and code", () => {
    expect(tidyWhiteSpace("1. a\n   - b  c\n\tif x:\n\t    y")).toBe("1. a\n   - b c\n\tif x:\n\t    y");
  });

  it.each(["```", "~~~", "````"])("keeps code fenced by %s to the letter", (fence) => {
    const code = `${fence}py\nif  x:\n\n\n\n    y  =  1  \n${fence}`;
    expect(tidyWhiteSpace(`a  b\n\n\n\n${code}\n\n\n\nc  d`)).toBe(`a b\n\n${code}\n\nc d`);
  });

  it("treats an unclosed fence as code to the end, and inline backticks as text", () => {
    expect(tidyWhiteSpace("a  b\n```\nc  d")).toBe("a b\n```\nc  d");
    expect(tidyWhiteSpace("```a  b``` c  d\ne  f")).toBe("```a b``` c d\ne f");
  });
});
