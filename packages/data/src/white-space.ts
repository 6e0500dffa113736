import { BLANKS, splitCodeFences } from "./code-fences.js";

const LEADING = new RegExp(`^[${BLANKS}]*`);
const ASCII_INDENT = /^[ \t]*$/;
const RUN = new RegExp(`[${BLANKS}]+`, "g");
const TRAILING = new RegExp(`[${BLANKS}]+$`);
const EDGE = new RegExp(`^[${BLANKS}\\n]+|[${BLANKS}\\n]+$`, "g");

/**
 * Rule "white-space": runs of blanks of any width become one space, blanks at line ends go, more than two line feeds become two, and
 * the text is trimmed.
 *
 * Fenced code is kept to the letter, and so is the indentation of a line by spaces and tabs: it carries the structure of lists and of
 * code that came without fences. Indentation by ideographic or no-break spaces is typography and goes.
 * Expects LF line ends.
 */
export function tidyWhiteSpace(text: string): string {
  const tidied = splitCodeFences(text).flatMap(({ code, lines }) =>
    code ? lines : dropBlankRuns(lines.map(tidyLine)),
  );
  return tidied.join("\n").replace(EDGE, "");
}

function dropBlankRuns(lines: readonly string[]): string[] {
  return lines.filter((line, index) => line !== "" || lines[index - 1] !== "");
}

function tidyLine(line: string): string {
  const indent = LEADING.exec(line)?.[0] ?? "";
  const body = line.slice(indent.length).replace(TRAILING, "").replace(RUN, " ");
  if (body === "") return "";
  return (ASCII_INDENT.test(indent) ? indent : "") + body;
}
