import { visibleText } from "../visible-text.js";

/** Values of JSON whose texts and keys have nothing that would act rather than show. */
export function visibleValues(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [visibleText(key), visibleValue(value)]),
  );
}

function visibleValue(value: unknown): unknown {
  if (typeof value === "string") return visibleText(value);
  if (Array.isArray(value)) return value.map(visibleValue);
  if (typeof value === "object" && value !== null) return visibleValues(value as Record<string, unknown>);
  return value;
}
