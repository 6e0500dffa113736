import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeUtf8, type MakeFault, decodeJson, readSmallFile } from "@lathe/files";
import { TokenizerError, quote } from "../errors.js";
import { Tokenizer, tokenText } from "./tokenizer.js";

/** Largest files that are read, in bytes; the largest real ones have a fifth of that. */
const TOKENIZER_BYTES_LIMIT = 200_000_000;
const CONFIG_BYTES_LIMIT = 20_000_000;
const TEMPLATE_BYTES_LIMIT = 1_000_000;

const TEMPLATE_FILE = "chat_template.jinja";
const CONFIG_FILE = "tokenizer_config.json";

/** Names under which configs and templates know special tokens. */
const specialTokenNames = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;

/**
 * The tokenizer of a Hugging Face model folder, from `tokenizer.json`, `tokenizer_config.json`,
 * `special_tokens_map.json` and `chat_template.jinja`, of which only the first is needed.
 * @returns null when the folder has no `tokenizer.json`: such a model works on token ids alone
 * @throws TokenizerError when a file is malformed or too large, or the folder does not exist
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer | null> {
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    const actual = found === null ? "no such folder" : "a file";
    throw new TokenizerError({ path: folder, expected: "a model folder", actual });
  }
  const path = join(folder, "tokenizer.json");
  const makeFault = faultIn(path);
  const bytes = await readSmallFile(path, TOKENIZER_BYTES_LIMIT, makeFault);
  if (bytes === null) return null;
  const json = decodeJson(bytes, makeFault);
  if (!isObject(json)) throw makeFault("a JSON object", quote(json));
  const config = await readObject(join(folder, CONFIG_FILE));
  const specialTokensMap = await readObject(join(folder, "special_tokens_map.json"));
  return new Tokenizer({
    path,
    json,
    hash: createHash("sha256").update(bytes).digest("hex"),
    config,
    specialTokens: specialTokensOf(config, specialTokensMap),
    chatTemplate: await readChatTemplate(folder, config),
  });
}

async function readObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  const makeFault = faultIn(path);
  const bytes = await readSmallFile(path, CONFIG_BYTES_LIMIT, makeFault);
  if (bytes === null) return {};
  const json = decodeJson(bytes, makeFault);
  if (!isObject(json)) throw makeFault("a JSON object", quote(json));
  return json;
}

/** The config decides, also by null; the older file speaks where the config is silent. */
function specialTokensOf(
  config: Readonly<Record<string, unknown>>,
  specialTokensMap: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const name of specialTokenNames) {
    const source = Object.hasOwn(config, name) ? config : specialTokensMap;
    const text = Object.hasOwn(source, name) ? tokenText(source[name]) : null;
    if (text !== null) tokens[name] = text;
  }
  return tokens;
}

/** The file of its own wins over the config, as in Transformers; of several named templates, "default" is meant. */
async function readChatTemplate(
  folder: string,
  config: Readonly<Record<string, unknown>>,
): Promise<{ path: string; text: string } | null> {
  const templatePath = join(folder, TEMPLATE_FILE);
  const makeTemplateFault = faultIn(templatePath);
  const bytes = await readSmallFile(templatePath, TEMPLATE_BYTES_LIMIT, makeTemplateFault);
  if (bytes !== null) return { path: templatePath, text: decodeUtf8(bytes, makeTemplateFault) };

  const path = join(folder, CONFIG_FILE);
  const value = Object.hasOwn(config, "chat_template") ? config["chat_template"] : null;
  if (value === null) return null;
  const text = typeof value === "string" ? value : defaultTemplate(value);
  if (text === null) {
    throw faultIn(path)('chat_template to be text, or a list with a template named "default"', quote(value));
  }
  if (Buffer.byteLength(text) > TEMPLATE_BYTES_LIMIT) {
    throw faultIn(path)(
      `a chat_template of at most ${TEMPLATE_BYTES_LIMIT} bytes`,
      `${Buffer.byteLength(text)}`,
    );
  }
  return { path, text };
}

function defaultTemplate(value: unknown): string | null {
  const entries = (Array.isArray(value) ? (value as unknown[]) : []).filter(isObject);
  const entry = entries.find(({ name }) => name === "default");
  return typeof entry?.["template"] === "string" ? entry["template"] : null;
}

function faultIn(path: string): MakeFault {
  return (expected, actual, cause) => new TokenizerError({ path, expected, actual, cause });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
