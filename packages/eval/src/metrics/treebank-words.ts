/**
 * The words of English text as NLTK's `NLTKWordTokenizer` cuts one sentence, for text in lower case without hyphens, colons,
 * backquotes and asterisks, for which it has rules of their own.
 */
import { splitWhiteSpace, stripEnd, WHITE_SPACE } from "@lathe/files";

/** Part of a word, as Python counts it. */
const LETTER = String.raw`[\p{L}\p{N}_]`;
const STARTS = `(?<!${LETTER})(?=${LETTER})`;
const ENDS = `(?<=${LETTER})(?!${LETTER})`;

type Rules = readonly (readonly [pattern: RegExp, replacement: string])[];

/** Marks that open a quotation: a straight one does at the start, after a blank and after a bracket. */
const opening: Rules = [
  [/[«‘„]/gu, " $& "],
  [/^"/u, " `` "],
  [/([ ([{<])(?:"|'')/gu, "$1 `` "],
  [new RegExp(`(?<!${LETTER})'(?!(?:re|ve|ll|[mtsdn])${ENDS})(?=${LETTER})`, "giu"), "' "],
];

/** Marks that are words of their own; commas are none between digits. */
const alone: Rules = [
  [/,(\P{Nd})/gu, " , $1"],
  [/,$/u, " , "],
  [/\.{2,}|[;@#$%&\u2012-\u2015?!]/gu, " $& "],
  [/([^'])' /gu, "$1 ' "],
  [/[[\](){}<>]/gu, " $& "],
];

/** Marks that close a quotation, and what an apostrophe joins to a word, where a blank follows. */
const closing: Rules = [
  [/[»”’]/gu, " $& "],
  [/''|"/gu, " '' "],
  [new RegExp(`${WHITE_SPACE}+`, "gu"), " "],
  [/([^' ])('[smd]?) /gu, "$1 $2 "],
  [/([^' ])('ll|'re|'ve|n't) /gu, "$1 $2 "],
  // Two words written as one; i has a lower case of its own in Turkish, which Python takes for the same letter.
  ...[
    `${STARTS}(can)(not)${ENDS}`,
    `${STARTS}(d)('ye)${ENDS}`,
    `${STARTS}(g[iı]m)(me)${ENDS}`,
    `${STARTS}(gon)(na)${ENDS}`,
    `${STARTS}(got)(ta)${ENDS}`,
    `${STARTS}(lem)(me)${ENDS}`,
    `${STARTS}(more)('n)${ENDS}`,
    `${STARTS}(wan)(na)(?=${WHITE_SPACE})`,
    ` ('t)([iı]s)${ENDS}`,
    ` ('t)(was)${ENDS}`,
  ].map((pair) => [new RegExp(pair, "giu"), " $1 $2 "] as const),
];

/** What may stand between the full stop of a sentence and its end. */
const behindStop = new Set("])}>\"'»”’ ");

/** Sets the full stop at the end of a sentence apart. */
function withStopApart(text: string): string {
  const sentence = stripEnd(text);
  let end = sentence.length;
  while (end > 0 && behindStop.has(sentence[end - 1])) end--;
  const isStop = end >= 2 && sentence[end - 1] === "." && sentence[end - 2] !== ".";
  return isStop ? `${sentence.slice(0, end - 1)} . ${sentence.slice(end)} ` : text;
}

const replaced = (text: string, rules: Rules): string =>
  rules.reduce((changed, [pattern, replacement]) => changed.replace(pattern, replacement), text);

/** The words of a sentence in lower case. */
export function treebankWords(sentence: string): string[] {
  const apart = replaced(withStopApart(replaced(sentence, opening)), alone);
  return splitWhiteSpace(replaced(` ${apart} `, closing));
}
