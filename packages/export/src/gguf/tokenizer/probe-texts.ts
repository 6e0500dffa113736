/** Texts in which rules of cutting differ: numbers, spaces, lines, contractions, scripts, marks, code. */
const fragments: readonly string[] = [
  "Hello, world!",
  "it's WE'LL they'd I'VE don't",
  "1234567890",
  "3.14159 and 2,718",
  "2024年11月28日",
  "१२३ ٤٥٦ ⅷ ½",
  "  two  spaces   three",
  "\ttabs\t\tand ",
  "line\nbreaks\r\n\n\nmore\n",
  " \n \n",
  "trailing   ",
  "你好，附近有什么好吃的？",
  "今天天气很好我们一起去公园散步然后吃饭看电影",
  "機器學習與自然語言處理",
  "日本語のテキスト、カタカナとひらがな",
  "한국어 문장입니다.",
  "Привет, как дела?",
  "مرحبا بالعالم",
  "नमस्ते दुनिया",
  "สวัสดีชาวโลก",
  "Ελληνικά",
  "שלום",
  "cafe\u0301 naïve Ærøskøbing",
  "e\u0301\u0308o\u0327",
  "😀😃👩‍👩‍👧‍👦🇨🇳",
  "→ ≤ ∑ € £ ¥ ©",
  "foo_bar(baz[0], x->y); // ok",
  'if (a<=b && c!=d) { return "x"; }',
  "<div class='a'>&amp;</div>",
  "https://example.org/a?b=c&d=%20",
  "user@example.org",
  "---===***",
  "...!!!???",
  "“quoted” ‘single’ —dash–",
  "A.B.C.",
  "x²+y³",
  "ﬁ ﬂ",
  "$100 10% #tag @name",
  "\\frac{a}{b}",
  "CamelCaseWords snake_case",
  "ALLCAPS",
  "\u00a0nbsp\u3000wide\u2003em",
  "\u200bzero\u200dwidth",
  "中文English混排123数字",
  "第3章",
];

/** Numbers from 0 up to 1 that follow from a seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Texts on which two tokenizers are compared: hand-made ones, and seeded joinings of those and of the vocabulary's own pieces.
 * @param pieces texts of tokens
 */
export function probeTexts(pieces: readonly string[], count = 4000, seed = 1): string[] {
  const random = seeded(seed);
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? "";
  const texts = [...fragments];
  while (texts.length < count) {
    const length = 1 + Math.floor(random() * 8);
    const parts = Array.from({ length }, () => {
      const kind = random();
      if (kind < 0.6) return pick(pieces);
      const fragment = pick(fragments);
      const start = Math.floor(random() * fragment.length);
      return kind < 0.9 ? fragment.slice(start, start + 1 + Math.floor(random() * 12)) : fragment;
    });
    // A surrogate that a slice has cut in half is no character of any text.
    texts.push(parts.join(random() < 0.3 ? " " : "").replaceAll(/\p{Cs}/gu, ""));
  }
  return texts;
}
