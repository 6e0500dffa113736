import { phrase } from "@lathe/files";
import { parseRow } from "./parse-row.js";
import { hasTools } from "./parse-tools.js";
import { RowError } from "./row-error.js";
import type { Row, Tools } from "./row.js";

/**
 * Writes a row as the plain object that {@link parseRow} reads back as the same row: pairs as `{"input","output"}` whatever
 * shape they came in, then the kept fields.
 *
 * @throws RowError when a kept field has the name of a key that would change the row's shape
 */
export function serializeRow(row: Row): Record<string, unknown> {
  const own = ownKeys(row);
  const clash = Object.keys(row.fields).find((key) => Object.hasOwn(own, key));
  if (clash !== undefined)
    throw new RowError(clash, phrase`a ${row.kind} row has this key and a kept field of the same name`);
  const value = { ...own, ...row.fields };
  // The shape is decided by keys alone, so the kept fields must not bring those of another.
  if (!isReadAs(row, value)) {
    throw new RowError(
      null,
      phrase`the kept fields (${Object.keys(row.fields).join(", ")}) change the shape of a ${row.kind} row`,
    );
  }
  return value;
}

function ownKeys(row: Row): Record<string, unknown> {
  switch (row.kind) {
    case "pair":
      return {
        input: row.input,
        output: row.output,
        ...(row.system === undefined ? {} : { system: row.system }),
        ...toolsOf(row),
      };
    case "completion":
      return { prompt: row.prompt, completion: row.completion };
    case "messages":
      return { messages: row.messages, ...toolsOf(row) };
    case "text":
      return { text: row.text };
    case "preference":
      return { prompt: row.prompt, ...row.completions, ...toolsOf(row) };
    case "preference-tokens":
      return { ...row.ids };
    case "tokens":
      return { input_ids: row.inputIds, labels: row.labels };
  }
}

function toolsOf({ tools }: { readonly tools?: Tools }): { tools?: Tools } {
  return tools === undefined ? {} : { tools };
}

function isReadAs(row: Row, value: Record<string, unknown>): boolean {
  if (Object.keys(row.fields).length === 0) return true;
  if (row.kind === "pair" && row.fields.instruction != null) return false;
  if (row.kind === "pair" && row.system === undefined && row.fields.system != null) return false;
  const mayHaveTools = row.kind === "pair" || row.kind === "messages" || row.kind === "preference";
  if (mayHaveTools && row.tools === undefined && hasTools(row.fields)) return false;
  if (row.kind === "tokens") return true;
  try {
    return parseRow(value).kind === row.kind;
  } catch {
    return false;
  }
}
