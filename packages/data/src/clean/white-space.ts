import { BLANKS, splitCodeFences } from "./code-fences.js";

const LEADING = new RegExp(`^[${BLANKS}]*`);
const ASCII_INDENT = /^[ \t]*$/;
const UNTIDY = new RegExp(`[${BLANKS}]{2,}|(?! )[${BLANKS}]`, "g"); // a run, or one blank that is no plain space
/** What a text of one line that is tidy has nothing of; most texts are, and need not be parted into lines. */
const SUSPECT = new RegExp(`\\n|^[${BLANKS}]|[${BLANKS}]$|${UNTIDY.source}`);
const EDGE = new RegExp(`[${BLANKS}\\n]`);

/**
 * Rule "white-space": runs of blanks of any width become one space, blanks at line ends go, more than two line feeds become two, and
 * the text is trimmed.
 *
 * Fenced code is kept to the letter, and so is the indentation of a line by spaces and tabs: it carries the structure of lists and of
 * code that came without fences. Indentation by ideographic or no-break spaces is typography and goes.
 * Expects LF line ends.
 */
export function tidyWhiteSpace(text: string): string {
  if (!SUSPECT.test(text)) return text;
  const tidied = splitCodeFences(text).flatMap(({ code, lines }) =>
    code ? lines : dropBlankRuns(lines.map(tidyLine)),
  );
  return trimEdges(tidied.join("\n"));
}

function dropBlankRuns(lines: readonly string[]): string[] {
  return lines.filter((line, index) => line !== "" || lines[index - 1] !== "");
}

function tidyLine(line: string): string {
  const indent = LEADING.exec(line)?.[0] ?? "";
  if (indent.length === line.length) return "";
  const single = line.slice(indent.length).replace(UNTIDY, " ");
  const body = single.endsWith(" ") ? single.slice(0, -1) : single;
  return (ASCII_INDENT.test(indent) ? indent : "") + body;
}

/** Trims by steps: a pattern that is anchored at the end takes quadratic time on a long run of blanks. */
function trimEdges(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && EDGE.test(text[start])) start += 1;
  while (end > start && EDGE.test(text[end - 1])) end -= 1;
  return text.slice(start, end);
}
