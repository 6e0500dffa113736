import { join } from "node:path";
import { decodeJson, isRecord, type Phrase, readSmallFile, sayPhrase } from "@lathe/files";

/** Largest files that are read, in bytes; the largest real ones have a fifth of that. */
const TOKENIZER_BYTES_LIMIT = 200_000_000;
const CONFIG_BYTES_LIMIT = 20_000_000;

type Json = Readonly<Record<string, unknown>>;

/**
 * Id of the token that a folder's tokenizer ends replies with, which rows for training end with too; null without one.
 * Files that are no such thing count as missing here: whoever loads the tokenizer says what is wrong with them.
 */
export async function tokenizerEndId(folder: string): Promise<number | null> {
  const config = await objectIn(join(folder, "tokenizer_config.json"), CONFIG_BYTES_LIMIT);
  const map = await objectIn(join(folder, "special_tokens_map.json"), CONFIG_BYTES_LIMIT);
  const source = Object.hasOwn(config, "eos_token") ? config : map;
  const end = contentOf(own(source, "eos_token"));
  if (end === null) return null;
  const added = own(config, "added_tokens_decoder");
  if (isRecord(added)) {
    const entry = Object.entries(added).find(([, token]) => contentOf(token) === end);
    if (entry) return idOf(Number(entry[0]));
  }
  const tokenizer = await objectIn(join(folder, "tokenizer.json"), TOKENIZER_BYTES_LIMIT);
  const tokens = own(tokenizer, "added_tokens");
  const listed = Array.isArray(tokens) ? (tokens as unknown[]).filter(isRecord) : [];
  const token = listed.find((candidate) => contentOf(candidate) === end);
  if (token) return idOf(own(token, "id"));
  const model = own(tokenizer, "model");
  const vocabulary = isRecord(model) ? own(model, "vocab") : null;
  if (Array.isArray(vocabulary)) {
    const place = (vocabulary as unknown[]).findIndex((entry) => Array.isArray(entry) && entry[0] === end);
    return place < 0 ? null : place;
  }
  return isRecord(vocabulary) ? idOf(own(vocabulary, end)) : null;
}

/** Own keys only: a file must not reach what objects inherit. */
function own(json: Json, key: string): unknown {
  return Object.hasOwn(json, key) ? json[key] : undefined;
}

function contentOf(token: unknown): string | null {
  const content = isRecord(token) ? own(token, "content") : token;
  return typeof content === "string" ? content : null;
}

function idOf(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

async function objectIn(path: string, limit: number): Promise<Json> {
  const makeFault = (expected: string | Phrase, actual: string | Phrase): Error =>
    new Error(`expected ${sayPhrase(expected)}, got ${sayPhrase(actual)}`);
  try {
    const bytes = await readSmallFile(path, limit, makeFault);
    const json = bytes === null ? null : decodeJson(bytes, makeFault);
    return isRecord(json) ? json : {};
  } catch {
    return {};
  }
}
