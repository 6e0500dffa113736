import { mapProse } from "./code-fences.js";

const HEADING = /^ {0,3}#{1,6}[ \t]+/;
const RULE = /^ {0,3}(?:(?:\*[ \t]?){3,}|(?:-[ \t]?){3,}|(?:_[ \t]?){3,})$/;
const QUOTE = /^(?: {0,3}>[ \t]?)+/;
const BULLET = /^([ \t]*)[*+][ \t]+/;

/** A link or image: brackets hold no brackets, parentheses no blanks but one title, so that each is looked at once. */
const LINK = /!?\[([^[\]\n]{0,1000})\]\(<?[^()<>\s]{0,2000}>?(?: "[^"\n]{0,500}")?\)/g;

/** Bold, italics, struck out, code: the marks touch what they enclose. */
const EMPHASIS = [
  /(?<![*\\])\*\*(?![\s*])([^*\n]{1,1000})(?<!\s)\*\*(?!\*)/g,
  /(?<![*\\\p{L}\p{N}])\*(?![\s*])([^*\n]{1,1000})(?<!\s)\*(?![*\p{L}\p{N}])/gu,
  /(?<![_\\\p{L}\p{N}])__(?![\s_])([^_\n]{1,1000})(?<!\s)__(?![_\p{L}\p{N}])/gu,
  /(?<![~\\])~~(?![\s~])([^~\n]{1,1000})(?<!\s)~~(?!~)/g,
  /(?<!`)`([^`\n]{1,1000})`(?!`)/g,
];

/**
 * Step "markup": Markdown gives way to plain text. Marks of headings, quotes, emphasis, inline code and rules go, links and images leave
 * their text; lists and tables stay, bullets as `-`. Code in fences is left alone.
 */
export function removeMarkup(text: string): string {
  return mapProse(text, (prose) => {
    const lines = prose.split("\n").filter((line) => !RULE.test(line));
    const plain = lines.map((line) => line.replace(QUOTE, "").replace(HEADING, "").replace(BULLET, "$1- "));
    const linked = plain.join("\n").replace(LINK, "$1");
    return EMPHASIS.reduce((marked, pattern) => marked.replace(pattern, "$1"), linked);
  });
}
