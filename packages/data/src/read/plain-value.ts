/**
 * A value of a column as JSON would have it: 64-bit integers become numbers where they are exact and decimal strings elsewhere, dates ISO
 * strings, byte and vector columns lists of numbers.
 */
export function plainValue(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") {
    return BigInt.asIntN(54, value) === value ? Number(value) : value.toString();
  }
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map(plainValue);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>, plainValue);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plainValue(child)]));
}
