/** White space within a line, of any script. */
export const BLANKS = " \\t\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000";

const OPENING = new RegExp(`^[${BLANKS}]*(\`{3,}(?=[^\`]*$)|~{3,})`);

/** A run of lines that are all inside or all outside of fenced code. */
export interface FencedPart {
  readonly code: boolean;
  readonly lines: readonly string[];
}

/**
 * Parts a text, lines ended by LF, at its Markdown code fences (``` or ~~~). The fences themselves belong to the
 * code; a fence that is never closed reaches to the end, as in CommonMark.
 */
export function splitCodeFences(text: string): FencedPart[] {
  const parts: { code: boolean; lines: string[] }[] = [];
  let fence: string | undefined;
  for (const line of text.split("\n")) {
    const opened = fence === undefined ? OPENING.exec(line)?.[1] : undefined;
    const code = fence !== undefined || opened !== undefined;
    const last = parts.at(-1);
    if (last?.code === code && opened === undefined) last.lines.push(line);
    else parts.push({ code, lines: [line] });
    if (opened !== undefined) fence = opened;
    else if (fence !== undefined && closes(line, fence)) {
      fence = undefined;
    }
  }
  return parts;
}

function closes(line: string, fence: string): boolean {
  const mark = line.trim();
  return mark.length >= fence.length && mark === fence[0].repeat(mark.length);
}

/** Applies a change to what is not fenced code, lines ended by LF. */
export function mapProse(text: string, change: (prose: string) => string): string {
  if (!/`{3}|~{3}/.test(text)) return change(text);
  return splitCodeFences(text)
    .map(({ code, lines }) => (code ? lines.join("\n") : change(lines.join("\n"))))
    .join("\n");
}
