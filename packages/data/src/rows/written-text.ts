import { jsonFormOf } from "@lathe/files";

/** A text of a row; a number, `true` or `false` as JSON writes it; undefined for anything else. */
export function writtenText(source: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = source[key];
  if (typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  const isFloat = Number.isInteger(value) && jsonFormOf(source)?.floats?.has(key) === true;
  return isFloat && Math.abs(value) < 1e16 ? value.toFixed(1) : String(value);
}
