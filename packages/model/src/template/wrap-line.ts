import { stripEnd, stripStart } from "@lathe/files";
import { pointCount } from "./python-values.js";
import { valueError } from "./template-error.js";

/** How a line is wrapped. */
export interface WrapOptions {
  /** Characters of a line at most. */
  readonly width: number;
  /** Whether a word that is longer than a line is broken. */
  readonly breaks: boolean;
  /** Whether a line may end behind a hyphen. */
  readonly onHyphens: boolean;
}

const WORD = "[\\p{L}\\p{N}_]";
const LETTER = "[\\p{L}\\p{Nl}_]";
const PUNCTUATED = "[\\p{L}\\p{N}_!\"'&.,?]";
const SPACE = "[\\t\\n\\v\\f\\r ]";
const OTHER = "[^\\t\\n\\v\\f\\r ]";

/** White space, dashes between words, words up to a hyphen between letters. */
const hyphenated = new RegExp(
  [
    `${SPACE}+`,
    `(?<=${PUNCTUATED})-{2,}(?=${WORD})`,
    `${OTHER}+?(?:-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${PUNCTUATED}-))(?=${LETTER}-?${LETTER})|(?=${SPACE}|$)|(?<=${PUNCTUATED})(?=-{2,}${WORD}))`,
  ].join("|"),
  "gu",
);
const plain = new RegExp(`${SPACE}+|${OTHER}+`, "gu");

const isBlank = (text: string): boolean => stripEnd(stripStart(text)) === "";

/**
 * The lines of a line that is too long, as Python's `textwrap.wrap` makes them with white space kept within and dropped at
 * the ends.
 *
 * @throws TemplateError where there is no width
 */
export function wrapLine(line: string, { width, breaks, onHyphens }: WrapOptions): string[] {
  if (width <= 0) throw valueError(`invalid width ${width} (must be > 0)`);
  const chunks = (line.match(onHyphens ? hyphenated : plain) ?? []).reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    if (lines.length > 0 && isBlank(chunks[chunks.length - 1])) chunks.pop();
    const current: string[] = [];
    let length = 0;
    while (chunks.length > 0 && length + pointCount(chunks[chunks.length - 1]) <= width) {
      const chunk = chunks.pop()!;
      current.push(chunk);
      length += pointCount(chunk);
    }
    const next = chunks[chunks.length - 1] as string | undefined;
    if (next !== undefined && pointCount(next) > width) {
      if (breaks) {
        const points = Array.from(next);
        const end = breakAt(points, width - length, onHyphens);
        current.push(points.slice(0, end).join(""));
        chunks[chunks.length - 1] = points.slice(end).join("");
      } else if (current.length === 0) current.push(chunks.pop()!);
    }
    if (current.length > 0 && isBlank(current[current.length - 1])) current.pop();
    if (current.length > 0) lines.push(current.join(""));
  }
  return lines;
}

/** Where a word is broken that has so much room: behind its last hyphen there, unless only hyphens stand before it. */
function breakAt(points: readonly string[], room: number, onHyphens: boolean): number {
  if (!onHyphens || points.length <= room) return room;
  const hyphen = points.slice(0, room).lastIndexOf("-");
  const isAfterWord = hyphen > 0 && points.slice(0, hyphen).some((point) => point !== "-");
  return isAfterWord ? hyphen + 1 : room;
}
