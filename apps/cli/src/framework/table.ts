/** Columns of East Asian wide characters count two in a terminal. */
function widthOf(text: string): number {
  return (
    text.length +
    (text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]/g)
      ?.length ?? 0)
  );
}

/** A number as people read it: few digits, thousands apart. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return value.toLocaleString("en-US", { maximumSignificantDigits: 5, useGrouping: false });
}

/** A table for people: a head, a line, rows; numbers stand to the right. */
export function table(
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
