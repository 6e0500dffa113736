import { isRecord, type Phrase, phrase } from "@lathe/files";
import { quote, TokenizerError } from "../errors.js";

type Json = Readonly<Record<string, unknown>>;

/**
 * Makes sure that a tokenizer.json says what the library reads from it without a look: parts that are objects with a
 * type, merges in one spelling of two tokens of the vocabulary, ids that belong to one token. The library takes other values too, and
 * encodes wrongly then, or fails at the first text.
 * @throws TokenizerError with the first part that is none
 */
export function checkTokenizerJson(json: Json, path: string): void {
  const refuse = (expected: string | Phrase, actual: unknown): never => {
    throw new TokenizerError({ path, expected, actual: quote(actual) });
  };
  for (const key of ["normalizer", "pre_tokenizer", "post_processor", "decoder"]) {
    const part = Object.hasOwn(json, key) ? json[key] : null;
    if (part !== null && !(isRecord(part) && typeof part["type"] === "string")) {
      refuse(phrase`${key} to be null or an object with a type`, part);
    }
  }
  const model = isRecord(json["model"]) ? json["model"] : {};
  const vocabulary = model["vocab"];
  if (Array.isArray(vocabulary)) {
    for (const entry of vocabulary as unknown[]) {
      const isPiece = Array.isArray(entry) && typeof entry[0] === "string" && Number.isFinite(entry[1]);
      if (!isPiece) refuse("pieces with a score as vocabulary", entry);
    }
  }
  const ids = isRecord(vocabulary) ? new Map(Object.entries(vocabulary)) : null;
  const owners = new Map<unknown, string>();
  for (const [token, id] of ids ?? []) {
    if (owners.has(id)) refuse(phrase`an id of its own for token ${quote(token)}`, id);
    owners.set(id, token);
  }
  const type = model["type"] ?? "BPE";
  if (type === "BPE" && ids !== null) checkMerges(model, ids, refuse);
  const added = new Map<unknown, unknown>();
  for (const token of Array.isArray(json["added_tokens"]) ? (json["added_tokens"] as unknown[]) : []) {
    if (!isRecord(token)) continue;
    const { id, content } = token;
    if (added.has(id) && added.get(id) !== content) refuse("added_tokens with ids of their own", token);
    added.set(id, content);
    const stored = typeof content === "string" ? ids?.get(content) : undefined;
    if (stored !== undefined && stored !== id)
      refuse(phrase`the id ${quote(stored)} of the vocabulary for it`, token);
  }
}

function checkMerges(
  model: Json,
  ids: ReadonlyMap<string, unknown>,
  refuse: (expected: string | Phrase, actual: unknown) => never,
): void {
  const { merges } = model;
  if (!Array.isArray(merges)) return refuse("merges to be a list", merges);
  for (const merge of merges as unknown[]) {
    const pair: unknown = typeof merge === "string" ? merge.split(" ") : merge;
    const isPair = Array.isArray(pair) && pair.length === 2 && pair.every((part) => ids.has(part as string));
    // The library reads all merges in the way of the first.
    if (typeof merge !== typeof merges[0]) refuse("merges in one spelling", merge);
    if (!isPair) refuse("merges of two tokens of the vocabulary", merge);
  }
}
