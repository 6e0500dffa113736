import { asPhrase, type Phrase, phrase } from "@lathe/files";
/** What a value of unknown origin is, for messages. */
export function typeName(value: unknown): Phrase {
  if (value === undefined) return asPhrase("nothing");
  if (value === null) return asPhrase("null");
  if (Array.isArray(value)) return asPhrase("a list");
  if (typeof value === "object") return asPhrase("an object");
  if (typeof value === "string") return asPhrase("a string");
  if (typeof value === "number") return asPhrase("a number");
  if (typeof value === "boolean") return asPhrase("a boolean");
  return phrase`a ${typeof value}`;
}
