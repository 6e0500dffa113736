import { JsonError, keepJsonForm, parseJson, phrase, asPhrase } from "@lathe/files";
import type { RowPlace } from "../read/row-place.js";
import { RowError } from "./row-error.js";
import type { Tools } from "./row.js";
import { typeName } from "./type-name.js";

/** Whether a row names tools; null and a blank text, as tables have them in rows without tools, name none. */
export function hasTools(source: Readonly<Record<string, unknown>>): boolean {
  const tools = Object.hasOwn(source, "tools") ? source.tools : null;
  return typeof tools === "string" ? tools.trim() !== "" : tools != null;
}

/**
 * Reads the tools of a row: a list of objects, or the JSON text of one, as tables and other programs keep it.
 *
 * @throws RowError when the text is no JSON, or the value is no list of objects
 */
export function parseTools(value: unknown, place?: RowPlace): Tools {
  return parseObjects(value, "tools", place);
}

/**
 * The `tool_calls` of a turn read in the same way, and nothing when the turn has none. Arguments of a call stay as they
 * are, text or object: the chat template decides which of the two it writes.
 *
 * @param key where the turn stands in the row
 */
export function parseToolCalls(
  source: Readonly<Record<string, unknown>>,
  key: string,
  place?: RowPlace,
): { tool_calls?: Tools | null } {
  if (!Object.hasOwn(source, "tool_calls")) return {};
  const calls = source.tool_calls;
  if (calls == null || (typeof calls === "string" && calls.trim() === "")) return { tool_calls: null };
  return { tool_calls: parseObjects(calls, `${key}.tool_calls`, place) };
}

function parseObjects(value: unknown, key: string, place: RowPlace | undefined): Tools {
  const expected = asPhrase("expected a list of objects, or the JSON text of one");
  let list = value;
  if (typeof value === "string") {
    try {
      list = parseJson(value);
      keepJsonForm(list, value);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      throw new RowError(
        key,
        phrase`${expected}, got a text that is not valid JSON: ${error.phrases()[0]}`,
        place,
        {
          cause: error,
        },
      );
    }
  }
  if (!Array.isArray(list)) throw new RowError(key, phrase`${expected}, got ${typeName(list)}`, place);
  const odd = list.findIndex((item) => typeof item !== "object" || item === null || Array.isArray(item));
  if (odd !== -1)
    throw new RowError(`${key}[${odd}]`, phrase`expected an object, got ${typeName(list[odd])}`, place);
  return list as Tools;
}
