import { splitWhiteSpace } from "@lathe/files";
/**
 * The tokenisers of sacreBLEU 2.6 for BLEU (arXiv:1804.08771, §2.2).
 *
 * - `13a`: mteval-v13a's, for languages written with spaces: ASCII punctuation apart, decimal points kept.
 * - `intl`: mteval-v14's: any Unicode punctuation apart unless between digits, any Unicode symbol apart.
 * - `zh`: each Chinese character and full-width form a token, the rest as in `13a`.
 * - `char`: each character (code point) a token, white space dropped.
 * - `none`: words as white space divides them.
 */

/** Names of the tokenisers, as sacreBLEU writes them in its signatures. */
export const bleuTokenizers = ["13a", "intl", "zh", "char", "none"] as const;

/** Name of a BLEU tokeniser. */
export type BleuTokenizer = (typeof bleuTokenizers)[number];

/**
 * What the `zh` tokeniser sets apart. sacreBLEU also names extension B and the compatibility supplement, but
 * spells them with four hexadecimal digits and a left-over fifth, so that U+2001..U+2A6D (dashes, quotation marks,
 * arrows, mathematical signs) is set apart instead and no character beyond U+FFFF is. Scores are only comparable if
 * that is kept.
 */
const zhCharacter =
  /[\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31ef\u3200-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]/g;

/** Splits a line into tokens. */
export function tokenizeForBleu(line: string, tokenizer: BleuTokenizer): string[] {
  switch (tokenizer) {
    case "13a":
      return splitPunctuation(` ${decodeMarkup(line)} `);
    case "zh":
      return splitPunctuation(line.replace(zhCharacter, " $& "));
    case "intl":
      return splitWhiteSpace(
        line
          .replace(/(\P{N})(\p{P})/gu, "$1 $2 ")
          .replace(/(\p{P})(\P{N})/gu, " $1 $2")
          .replace(/\p{S}/gu, " $& "),
      );
    case "char":
      return splitWhiteSpace(Array.from(line).join(" "));
    case "none":
      return splitWhiteSpace(line);
  }
}

/** What mteval undoes before it tokenises: skipped segments, hyphenation at line ends, SGML escapes. */
function decodeMarkup(line: string): string {
  const joined = line.replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " ");
  if (!joined.includes("&")) return joined;
  return joined
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
}

function splitPunctuation(line: string): string[] {
  // The space that mteval sets apart among the marks is the same as without.
  let divided = line.replace(/[{-~[-`!-&(-+:-@/]/g, " $& ");
  if (divided.includes(".") || divided.includes(",")) {
    // A full stop or comma stays only between two digits, as in 1,000.5.
    divided = divided.replace(/([^0-9])([.,])/gu, "$1 $2 ").replace(/([.,])([^0-9])/gu, " $1 $2");
  }
  if (divided.includes("-")) divided = divided.replace(/([0-9])(-)/g, "$1 $2 ");
  return splitWhiteSpace(divided);
}
