import { mapProse } from "./code-fences.js";

/**
 * The characters whose compatibility mapping changes their look and nothing else. NFKC on whole texts would also turn
 * `，` into `,` (in Chinese a mark of its own), `m²` into `m2`, `2½` into `21⁄2`, `2①` into `21`, `…` into
 * three dots, `ㅋㅋ` into jamo that are no longer letters, and `｜` inside `<｜User｜>` into `|`, which is another token.
 */
const FOLDABLE = new RegExp(
  "[" +
    "\\uff10-\\uff19\\uff21-\\uff3a\\uff41-\\uff5a" + // full-width digits and letters
    "\\uff03-\\uff06\\uff0a\\uff0b\\uff1d\\uff20\\uff3c\\uff3f" + // ＃ ＄ ％ ＆ ＊ ＋ ＝ ＠ ＼ ＿
    "\\uff61-\\uff9f" + // half-width katakana and its punctuation
    "\\ufb00-\\ufb06\\ufb13-\\ufb17\\ufb20-\\ufb28\\ufb4f" + // Latin, Armenian and Hebrew ligatures and wide letters
    "\\ufb50-\\ufbb1\\ufbd3-\\ufd3d\\ufd50-\\ufd8f\\ufd92-\\ufdc7\\ufe80-\\ufefc" + // Arabic letters in positional form
    "\\u2f00-\\u2fd5\\u2e9f\\u2ef3" + // radicals that stand for the ideograph, as PDF readers write them
    "]+",
  "gu",
);

// A special token of the model: its spelling is its identity.
const SPECIAL_TOKEN = /(<[|｜][^<>|｜\n]{1,64}[|｜]>)/;

/**
 * Rule "unicode": Unicode's canonical composition (NFC) for the whole text, and its compatibility folding (NFKC) where
 * that is safe: full-width letters, digits and the symbols ＃＄％＆＊＋＝＠＼＿, half-width katakana,
 * ligatures, Arabic presentation forms, radicals. CJK compatibility ideographs are folded by NFC already.
 *
 * Left alone: Chinese and Japanese punctuation, also －／＜＞｜～￥, super- and subscripts, fractions, circled and Roman
 * numerals, units such as ㎡, letterlike and mathematical letters, the ideographic space (white space has its own rule),
 * special tokens such as `<｜User｜>`, and fenced code.
 */
export function foldUnicode(text: string): string {
  return mapProse(text, foldProse);
}

function foldProse(text: string): string {
  if (!text.includes("<")) return fold(text);
  return text
    .split(SPECIAL_TOKEN)
    .map((part, index) => (index % 2 === 1 ? part : fold(part)))
    .join("");
}

function fold(text: string): string {
  const composed = text.normalize("NFC");
  const folded = composed.replace(FOLDABLE, (run) => run.normalize("NFKC"));
  return folded === composed ? composed : folded.normalize("NFC");
}
