import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  decodeJson,
  decodeUtf8,
  isRecord,
  type MakeFault,
  type OnWarning,
  phrase,
  readSmallFile,
} from "@lathe/files";
import { TokenizerError, quote } from "../errors.js";
import { type ChatTemplateSource, Tokenizer, tokenText } from "./tokenizer.js";

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

/** How a tokenizer is loaded. */
export interface LoadTokenizerOptions {
  /** Hears of what is allowed and hardly meant. */
  readonly onWarning?: OnWarning | undefined;
}

/**
 * The tokenizer of a Hugging Face model folder, from `tokenizer.json`, `tokenizer_config.json`,
 * `special_tokens_map.json` and `chat_template.jinja`, of which only the first is needed.
 * @returns null when the folder has no `tokenizer.json`: such a model works on token ids alone
 * @throws TokenizerError when a file is malformed or too large, or the folder does not exist
 */
export async function loadTokenizer(
  folder: string,
  options: LoadTokenizerOptions = {},
): Promise<Tokenizer | null> {
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
  if (!isRecord(json)) throw makeFault("a JSON object", quote(json));
  const config = await readObject(join(folder, CONFIG_FILE));
  const specialTokensMap = await readObject(join(folder, "special_tokens_map.json"));
  return new Tokenizer({
    path,
    json,
    hash: createHash("sha256").update(bytes).digest("hex"),
    config,
    specialTokens: specialTokensOf(config, specialTokensMap),
    chatTemplate: await readChatTemplate(folder, config, options.onWarning ?? (() => undefined)),
  });
}

async function readObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  const makeFault = faultIn(path);
  const bytes = await readSmallFile(path, CONFIG_BYTES_LIMIT, makeFault);
  if (bytes === null) return {};
  const json = decodeJson(bytes, makeFault);
  if (!isRecord(json)) throw makeFault("a JSON object", quote(json));
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

/** The file of its own wins over the config, as in Transformers; of named templates, "default" is meant. */
async function readChatTemplate(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  onWarning: OnWarning,
): Promise<ChatTemplateSource | null> {
  const templatePath = join(folder, TEMPLATE_FILE);
  const makeTemplateFault = faultIn(templatePath);
  const bytes = await readSmallFile(templatePath, TEMPLATE_BYTES_LIMIT, makeTemplateFault);
  if (bytes !== null) return { path: templatePath, text: decodeUtf8(bytes, makeTemplateFault) };

  const path = join(folder, CONFIG_FILE);
  const value = Object.hasOwn(config, "chat_template") ? config["chat_template"] : null;
  if (value === null) return null;
  const text = typeof value === "string" ? value : oneOf(namedTemplates(value, path), path, onWarning);
  if (typeof text !== "string") return text;
  if (Buffer.byteLength(text) > TEMPLATE_BYTES_LIMIT) {
    throw faultIn(path)(
      phrase`a chat_template of at most ${TEMPLATE_BYTES_LIMIT} bytes`,
      `${Buffer.byteLength(text)}`,
    );
  }
  return { path, text };
}

/** Templates by their names, from a list of both or a mapping. */
function namedTemplates(value: unknown, path: string): Map<string, string> {
  const pairs: unknown[][] = Array.isArray(value)
    ? value.map((entry) => (isRecord(entry) ? [entry["name"], entry["template"]] : []))
    : isRecord(value)
      ? Object.entries(value)
      : [[]];
  return new Map(
    pairs.map(([name, template]) => {
      if (typeof name === "string" && typeof template === "string") return [name, template];
      throw faultIn(path)("chat_template to be text, or templates by their names", quote(value));
    }),
  );
}

/**
 * The template that is meant among named ones: "default", else the only one. Where there are several, only rendering needs
 * to know, and is refused then.
 */
function oneOf(
  templates: ReadonlyMap<string, string>,
  path: string,
  onWarning: OnWarning,
): string | ChatTemplateSource | null {
  const text = templates.get("default");
  if (text !== undefined) return text;
  if (templates.size === 0) return null;
  const names = [...templates.keys()].map(quote).join(", ");
  if (templates.size === 1) {
    onWarning(phrase`${path}: no chat template is named "default"; the only one, ${names}, is taken`);
    return [...templates.values()][0];
  }
  return {
    path,
    fault: new TokenizerError({
      path,
      expected: 'one chat template, or one named "default"',
      actual: names,
      remedy: phrase`write the one that is meant to ${TEMPLATE_FILE}`,
    }),
  };
}

function faultIn(path: string): MakeFault {
  return (expected, actual, cause) => new TokenizerError({ path, expected, actual, cause });
}
