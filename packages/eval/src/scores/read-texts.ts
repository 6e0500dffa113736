import { extname } from "node:path";
import { FileError, isRecord, JsonError, parseJson, readLines, phrase, asPhrase } from "@lathe/files";
import { TextFileError } from "../errors.js";

/** Bounds for reading a file of texts. */
export interface ReadTextsOptions {
  /** Longest line that is read, in bytes; a longer one is an error before it fills memory. @defaultValue 16 MiB */
  readonly maximumLineBytes?: number;
}

// Far longer than any reply, and small enough to hold a few copies of.
const defaultMaximumLineBytes = 16 * 1024 * 1024;

// Formats a user might hand over that would otherwise be read as one text a line, and scored as nonsense.
const foreignExtensions: ReadonlySet<string> = new Set([
  ".json",
  ".csv",
  ".tsv",
  ".parquet",
  ".arrow",
  ".gz",
  ".zst",
  ".zip",
]);

// Which field of an object holds the text, the most telling name first: a file may carry prediction and reference.
const predictionFields = ["prediction", "completion", "output", "text", "reference"] as const;
const referenceFields = ["reference", "completion", "output", "text", "prediction"] as const;

/**
 * Reads texts to score, one a line.
 *
 * `.jsonl` and `.ndjson`: a JSON string a line, or an object with one of `prediction`, `completion`, `output`,
 * `text`, `reference` (the first of these that is there); blank lines are skipped. Any other name, such as `.txt` or
 * `.en`: the line as it stands; a blank line is an empty text. UTF-8 throughout.
 *
 * @throws TextFileError with file and line
 */
export async function readTexts(path: string, options: ReadTextsOptions = {}): Promise<string[]> {
  const texts: string[] = [];
  for await (const row of streamTexts(path, predictionOf, options)) texts.push(row.text());
  return texts;
}

/**
 * Reads references, the references of one segment a line: as {@link readTexts}, but of an object's fields
 * `references` (a list of strings) comes first, then `reference`, `completion`, `output`, `text`, `prediction`; a line
 * may also be a JSON list of strings.
 *
 * @returns for each line its references, at least one
 * @throws TextFileError with file and line
 */
export async function readReferences(path: string, options: ReadTextsOptions = {}): Promise<string[][]> {
  const references: string[][] = [];
  for await (const row of streamTexts(path, referencesOf, options)) references.push(row.text());
  return references;
}

/** A row of a file of texts. */
export interface TextRow<Text> {
  /** From 1. */
  readonly line: number;
  /** What names the row, where it is an object with an `id`. */
  readonly id: string | null;
  /** @throws TextFileError where the row has no such text */
  readonly text: () => Text;
}

/** Takes the text out of a row's value. */
export type TextOf<Text> = (value: unknown, path: string, line: number) => Text;

/** The prediction of a row, as {@link readTexts} finds it. */
export const predictionOf: TextOf<string> = (value, path, line) =>
  typeof value === "string" ? value : fieldOf(value, predictionFields, path, line);

/** The references of a row, as {@link readReferences} finds them. */
export const referencesOf: TextOf<string[]> = (value, path, line) => {
  const list = isRecord(value) && Object.hasOwn(value, "references") ? value["references"] : value;
  if (list === value && !Array.isArray(list)) {
    return [typeof value === "string" ? value : fieldOf(value, referenceFields, path, line)];
  }
  if (!Array.isArray(list) || list.length === 0 || !list.every((text) => typeof text === "string")) {
    throw new TextFileError(path, line, "expected references to be a list of at least one string");
  }
  return list;
};

/**
 * The rows of a file one after the other, in memory bounded by the longest line.
 *
 * @param textOf what is taken out of a row, when it is asked for
 * @throws TextFileError where the file cannot be read
 */
export async function* streamTexts<Text>(
  path: string,
  textOf: TextOf<Text>,
  options: ReadTextsOptions = {},
): AsyncGenerator<TextRow<Text>, void, undefined> {
  for await (const { line, value } of readRows(path, options)) {
    const id = isRecord(value) && Object.hasOwn(value, "id") ? idOf(value["id"]) : null;
    yield {
      line,
      id,
      text: () => {
        if (value instanceof TextFileError) throw value;
        return textOf(value, path, line);
      },
    };
  }
}

const idOf = (id: unknown): string | null =>
  typeof id === "string" || typeof id === "number" ? String(id) : null;

interface Row {
  readonly line: number;
  /** A line of text, what a line of JSON says, or why it says nothing. */
  readonly value: unknown;
}

async function* readRows(path: string, options: ReadTextsOptions): AsyncGenerator<Row> {
  const extension = extname(path).toLowerCase();
  if (foreignExtensions.has(extension)) {
    throw new TextFileError(
      path,
      undefined,
      phrase`expected a text a line (.txt) or a JSON value a line (.jsonl), got a ${extension} file`,
    );
  }
  const isJson = extension === ".jsonl" || extension === ".ndjson";
  const { maximumLineBytes = defaultMaximumLineBytes } = options;
  try {
    for await (const lines of readLines(path, { maximumLineBytes, keepsLaterMarks: true })) {
      for (const { line, text, error } of lines) {
        if (error !== undefined) yield { line, value: new TextFileError(path, line, error) };
        else if (!isJson) yield { line, value: text };
        else if (text.trim() !== "") yield { line, value: jsonOf(text, path, line) };
      }
    }
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new TextFileError(path, undefined, error.reasonPhrase, { cause: error });
  }
}

/** What a line says, or the error that it says nothing. */
function jsonOf(text: string, path: string, line: number): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    const { expectedPhrase: expected, actualPhrase: actual, column } = cause;
    return new TextFileError(
      path,
      line,
      phrase`expected JSON with ${expected} at column ${column}, got ${actual}`,
      {
        cause,
      },
    );
  }
}

function fieldOf(value: unknown, fields: readonly string[], path: string, line: number): string {
  const expected = phrase`expected a JSON string or an object with one of ${fields.join(", ")}`;
  if (!isRecord(value)) {
    const kind =
      value === null ? "null" : Array.isArray(value) ? asPhrase("a list") : phrase`a ${typeof value}`;
    throw new TextFileError(path, line, phrase`${expected}, got ${kind}`);
  }
  const field = fields.find((name) => Object.hasOwn(value, name));
  if (field === undefined) {
    const names = Object.keys(value).slice(0, 10).join(", ");
    throw new TextFileError(
      path,
      line,
      phrase`${expected}, got an object with ${names === "" ? asPhrase("no fields") : names}`,
    );
  }
  const text = value[field];
  if (typeof text !== "string") {
    throw new TextFileError(
      path,
      line,
      phrase`expected ${field} to be a string, got ${text === null ? "null" : typeof text}`,
    );
  }
  return text;
}
