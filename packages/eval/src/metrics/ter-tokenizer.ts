import { splitWhiteSpace, stripEnd } from "@lathe/files";

/** How texts are cut into words for TER; the names are sacreBLEU's. */
export interface TerTokenizerOptions {
  /** Take punctuation and possessives off words, and undo entities. @defaultValue false */
  readonly normalized?: boolean;
  /** Leave punctuation out. @defaultValue false */
  readonly noPunctuation?: boolean;
  /** With `normalized` and `noPunctuation`: treat Chinese and Japanese characters and marks as well. @defaultValue false */
  readonly asianSupport?: boolean;
  /** Tell cases apart. @defaultValue false */
  readonly caseSensitive?: boolean;
}

type Rules = readonly (readonly [pattern: RegExp, replacement: string])[];

const western: Rules = [
  [/\n-/g, ""],
  [/\n/g, " "],
  [/&quot;/g, '"'],
  [/&amp;/g, "&"],
  [/&lt;/g, "<"],
  [/&gt;/g, ">"],
  [/([{-~[-` -&(-+:-@/])/g, " $1 "],
  [/'s /g, " 's "],
  [/'s$/g, " 's"],
  // A full stop or comma stands alone unless it is inside a number.
  [/([^0-9])([.,])/gu, "$1 $2 "],
  [/([.,])([^0-9])/gu, " $1 $2"],
  [/([0-9])(-)/g, "$1 $2 "],
];

const asianMarks = /([\u3001\u3002\u3008-\u3011\u3014-\u301f\uff61-\uff65\u30fb])/g;
const wideMarks = /([\uff0e\uff0c\uff1f\uff1a\uff1b\uff01\uff02\uff08\uff09])/g;

const asian: Rules = [
  [/([\u4e00-\u9fff\u3400-\u4dbf])/g, " $1 "],
  [/([\u31c0-\u31ef\u2e80-\u2eff])/g, " $1 "],
  [/([\u3300-\u33ff\uf900-\ufaff\ufe30-\ufe4f])/g, " $1 "],
  [/([\u3200-\u3f22])/g, " $1 "],
  // A text of one syllabary's letters alone is cut after its first.
  [/(^|^[\u3040-\u309f])([\u3040-\u309f]+)(?=$|^[\u3040-\u309f])/g, "$1 $2 "],
  [/(^|^[\u30a0-\u30ff])([\u30a0-\u30ff]+)(?=$|^[\u30a0-\u30ff])/g, "$1 $2 "],
  [/(^|^[\u31f0-\u31ff])([\u31f0-\u31ff]+)(?=$|^[\u31f0-\u31ff])/g, "$1 $2 "],
  [asianMarks, " $1 "],
  [wideMarks, " $1 "],
];

const apply = (text: string, rules: Rules): string =>
  rules.reduce((changed, [pattern, replacement]) => changed.replace(pattern, replacement), text);

/** The words of a text as tercom, and sacreBLEU after it, cut them. */
export function tokenizeForTer(
  text: string,
  {
    normalized = false,
    noPunctuation = false,
    asianSupport = false,
    caseSensitive = false,
  }: TerTokenizerOptions = {},
): string[] {
  let changed = stripEnd(caseSensitive ? text : text.toLowerCase());
  if (normalized) {
    changed = apply(` ${changed} `, western);
    if (asianSupport) changed = apply(changed, asian);
  }
  if (noPunctuation) {
    changed = changed.replace(/[.,?:;!"()]/g, "");
    if (asianSupport) changed = changed.replace(asianMarks, "").replace(wideMarks, "");
  }
  return splitWhiteSpace(changed);
}
