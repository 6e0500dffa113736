import { isRecord, JsonError, parseJson, phrase, strip } from "@lathe/files";
import { createRequire } from "node:module";
import type * as re2 from "re2js";
import { MetricOptionError } from "../errors.js";

const require = createRequire(import.meta.url);

/**
 * Where the label of a reply stands: the whole reply, its first line, the value of a field of a JSON object, what a regular
 * expression finds (its first group, or all of it), or the longest of the labels that the reply contains.
 */
export type LabelPlace =
  "whole" | "first-line" | "longest-label" | { readonly field: string } | { readonly pattern: string };

/** Finds the label of a reply; null where there is none of the labels. */
export type ExtractLabel = (reply: string) => string | null;

/**
 * What finds the label of a reply. White space around a label does not matter, nor does case unless two labels differ in
 * nothing else.
 *
 * @param place a pattern is one of RE2, which takes time linear in the text whatever it is
 * @param labels all labels
 * @throws MetricOptionError when the pattern cannot be read
 */
export function labelExtractor(place: LabelPlace, labels: readonly string[]): ExtractLabel {
  const known = labelsByText(labels);
  const nameOf = (text: string): string | null => known(strip(text));
  if (place === "whole") return nameOf;
  if (place === "first-line") {
    return (reply) => {
      const line = reply.split("\n").find((candidate) => strip(candidate) !== "");
      return line === undefined ? null : nameOf(line);
    };
  }
  if (place === "longest-label") {
    const byLength = labels.toSorted((a, b) => b.length - a.length);
    return (reply) => {
      const lower = reply.toLowerCase();
      return byLength.find((label) => lower.includes(label.toLowerCase())) ?? null;
    };
  }
  if ("field" in place) {
    return (reply) => {
      const value = jsonField(reply, place.field);
      return value === null ? null : nameOf(value);
    };
  }
  const pattern = compiled(place.pattern);
  return (reply) => {
    const matcher = pattern.matcher(reply);
    if (!matcher.find()) return null;
    return nameOf(matcher.group(pattern.groupCount() > 0 ? 1 : 0) ?? "");
  };
}

function labelsByText(labels: readonly string[]): ExtractLabel {
  const exact = new Set(labels);
  const folded = new Map<string, string | null>();
  for (const label of labels) {
    const key = label.toLowerCase();
    folded.set(key, folded.has(key) ? null : label);
  }
  return (text) => (exact.has(text) ? text : (folded.get(text.toLowerCase()) ?? null));
}

/** The field's value as text, of the first JSON object in the reply, which may stand in a code block. */
function jsonField(reply: string, field: string): string | null {
  const start = reply.indexOf("{");
  const end = reply.lastIndexOf("}");
  if (start === -1 || end < start) return null;
  try {
    const value = parseJson(reply.slice(start, end + 1));
    if (!isRecord(value) || !Object.hasOwn(value, field)) return null;
    const label = value[field];
    return typeof label === "string" || typeof label === "number" || typeof label === "boolean"
      ? String(label)
      : null;
  } catch (error) {
    if (error instanceof JsonError) return null;
    throw error;
  }
}

/** The library is loaded by the first pattern: every program that scores loads this module, and few have one. */
function compiled(pattern: string): re2.RE2JS {
  const library = require("re2js") as typeof re2;
  try {
    return library.RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof library.RE2JSException)) throw error;
    throw new MetricOptionError(
      "labelPlace",
      phrase`a regular expression of RE2 (“${error.message}”)`,
      pattern,
    );
  }
}
