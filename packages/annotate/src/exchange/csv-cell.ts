/** What a spreadsheet would take for a formula, and with it any text that begins with the mark that keeps it from that. */
const formula = /^'*[=+\-@\t\r\n]/;

/** A text as a field of CSV (RFC 4180). What a spreadsheet would calculate gets an apostrophe before it. */
export function csvCell(text: string): string {
  const safe = formula.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The text that {@link csvCell} has written. */
export function textOfCell(cell: string): string {
  return cell.startsWith("'") && formula.test(cell.slice(1)) ? cell.slice(1) : cell;
}
