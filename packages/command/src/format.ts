import { formatNumber } from "@lathe/files";

/** East Asian wide characters take two columns of a terminal. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]/g;

/** Columns of a terminal that a text takes. */
export function widthOf(text: string): number {
  return text.length + (text.match(WIDE)?.length ?? 0);
}

/** A table for people: a head, a line, rows; numbers stand to the right. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly (string | number | null | undefined)[])[],
): string {
  const isNumeric = head.map((_, column) => rows.every((row) => typeof row[column] !== "string"));
  const cells = rows.map((row) =>
    head.map((_, column) => {
      const value = row[column];
      return typeof value === "number" ? formatNumber(value) : (value ?? "–");
    }),
  );
  const widths = head.map((title, column) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(row[column]))),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const space = " ".repeat(widths[column] - widthOf(cell));
        return isNumeric[column] ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...cells.map(line)].join("\n");
}

/** Columns that the names of facts take; a longer name pushes its value away by one. */
const FACT_COLUMNS = 20;

/** Facts for people, a line each: a name and, below those of other lists of facts, its value. */
export function formatFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  return facts
    .map(([name, value]) => `${name}${" ".repeat(Math.max(1, FACT_COLUMNS - widthOf(name)))}${value}`)
    .join("\n");
}
