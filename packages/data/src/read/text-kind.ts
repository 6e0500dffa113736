import { isRecord } from "@lathe/files";
import { parseRecord } from "./parse-record.js";
import { delimiterOf, RecordScan } from "./read-csv.js";

/** How text holds rows: one value of JSON a line, values over many lines, a table with a header, or a row a line. */
export type TextKind = "jsonl" | "json" | "csv" | "text";

const PROBED_LINES = 20;
const JSON_EXTENSIONS = new Set([".jsonl", ".ndjson", ".json"]);
const TABLE_EXTENSIONS = new Set([".csv", ".tsv"]);
/** Extensions of plain text; a file of another kind that is no rows is hardly meant. */
const TEXT_EXTENSIONS = new Set(["", ".txt", ".text", ".md"]);
/** An object with a key, or a list of objects, lists or texts; prose in brackets, as `[12:03] 您好`, is neither. */
const BEGINS_AS_JSON = /^\s*(?:\{\s*(?:["}]|$)|\[\s*(?:[{"\]]|\[\s*[[{"]|$))/;
/** Records after the header that tell a table without tabs from prose with commas, where no extension does. */
const LEAST_RECORDS = 3;
const COLUMN_NAME = /^[\p{L}_][\p{L}\p{N}_ .-]{0,39}$/u;

/**
 * What text is by its first characters and lines: JSON is known by how it begins, a table by its lines having as many fields as the header.
 * Where both leave it open the extension decides.
 *
 * @param head the beginning, without a byte order mark
 * @param isAll whether that is the whole text
 * @param extension in small letters, with its dot; may be empty
 * @returns null where neither tells
 */
export function textKindOf(head: string, isAll: boolean, extension: string): TextKind | null {
  const lines = head.split("\n").map((line) => line.replace(/\r$/, ""));
  const isFirstWhole = isAll || lines.length > 1;
  if (!isAll && lines.length > 1) lines.pop(); // the last one is cut
  const told = lines.filter((line) => line.trim() !== "").slice(0, PROBED_LINES);
  if (BEGINS_AS_JSON.test(head) || (JSON_EXTENSIONS.has(extension) && /^\s*[[{]/.test(head))) {
    return isFirstWhole && isOfLines(told, !isAll || told.length > 1) ? "jsonl" : "json";
  }
  if (TABLE_EXTENSIONS.has(extension)) return "csv";
  if (told.length > 1 && hasObject(told.slice(1))) return "jsonl";
  if (isTable(lines, extension)) return "csv";
  if (JSON_EXTENSIONS.has(extension)) return "jsonl";
  return TEXT_EXTENSIONS.has(extension) && !head.includes("\0") ? "text" : null;
}

/** Whether JSON text is one value a line: the first line is a whole one, or it is faulty among others that are. */
function isOfLines(lines: readonly string[], hasMore: boolean): boolean {
  const [first, ...others] = lines;
  const parsed = parseRecord(first.trim());
  // A list on the only line is one of rows; an object there may wrap one.
  if ("value" in parsed)
    return hasMore || (isRecord(parsed.value) && !Object.values(parsed.value).some(Array.isArray));
  if (!hasMore) return !/\}\s*\{/.test(first);
  if (first.trim().startsWith("[")) return false;
  return hasObject(others);
}

/** Whether one of the lines is a whole object. */
function hasObject(lines: readonly string[]): boolean {
  return lines.some((line) => {
    if (!line.startsWith("{")) return false;
    const other = parseRecord(line);
    return "value" in other && isRecord(other.value);
  });
}

/**
 * Whether lines are a table: every record has as many fields as the first, and that has some. Under an extension that promises something
 * else the first must read as names of columns besides, and enough records must agree.
 */
function isTable(lines: readonly string[], extension: string): boolean {
  const first = lines.findIndex((line) => line.trim() !== "");
  if (first === -1) return false;
  const delimiter = delimiterOf(lines[first]);
  const records: (readonly string[])[] = [];
  let scan: RecordScan | null = null;
  for (const line of lines.slice(first)) {
    if (scan === null && line.trim() === "") continue;
    scan ??= new RecordScan(delimiter);
    if (!scan.take(line)) continue;
    if (scan.isLoose) return false;
    records.push(scan.fields);
    scan = null;
    if (records.length > PROBED_LINES) break;
  }
  const [header, ...others] = records;
  if (header === undefined || header.length < 2 || others.length === 0) return false;
  if (others.some((fields) => fields.length !== header.length)) return false;
  if (extension === "") return true;
  const areNames = header.every((name) => COLUMN_NAME.test(name)) && new Set(header).size === header.length;
  return areNames && (delimiter === "\t" || others.length >= LEAST_RECORDS);
}
