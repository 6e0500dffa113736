/**
 * The beginning of a text of whatever length, for what is kept of it. It holds on to nothing of the rest, as a mere slice would, and
 * halves no character.
 *
 * @param most characters that are kept
 */
export function boundedText(text: string, most: number): string {
  if (text.length <= most) return text;
  const beginning = text.slice(0, most).replace(/[\uD800-\uDBFF]$/, "");
  return `${Buffer.from(beginning, "utf8").toString("utf8")}…`;
}
