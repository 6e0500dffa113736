import { JsonError } from "../json/json-error.js";
import { parseJson } from "../json/parse-json.js";
import { readLines } from "./read-lines.js";

/** A line of a file that JSON lines are appended to. */
export interface AppendedLine {
  /** Without its end; its bytes in UTF-8 are those of the file. */
  readonly text: string;
  /** What it says; undefined where it is not JSON: only who reads knows what it should have been. */
  readonly value: unknown;
}

/**
 * The lines of a file that JSON lines are appended to, in their order, one at a time. Files of whole lines are meant, as {@link openAppended} leaves them.
 *
 * @throws FileError when the file cannot be read
 */
export async function* readAppended(path: string): AsyncGenerator<AppendedLine, void, undefined> {
  // Values are written without a mark, and one at the beginning of a text is part of it.
  for await (const lines of readLines(path, { keepsLaterMarks: true })) {
    for (const { text } of lines) yield { text, value: valueOf(text) };
  }
}

function valueOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}
