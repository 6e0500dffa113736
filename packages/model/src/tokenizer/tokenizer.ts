import { createHash } from "node:crypto";
import { damageOf, isRecord, phrase } from "@lathe/files";
import { TokenizerError, quote } from "../errors.js";
import { type ChatMessage, createChatRenderer, type RenderChatOptions } from "./chat-template.js";
import { checkTokenizerJson } from "./check-tokenizer-json.js";
import { ByteLevelEncoder } from "./byte-level-encoder.js";
import {
  createLibraryTokenizer,
  type LibraryTokenizer,
  mergePairsOfIds,
  mergeTableOf,
  withoutMerges,
} from "./library-tokenizer.js";
import { createStreamDecoder, type StreamDecoder } from "./stream-decoder.js";
import { type Frame, templateFrame } from "./template-frame.js";
import { type TokenBytesOf, tokenBytesOf } from "./token-bytes.js";

/** Where a chat template comes from, and its text or why there is none to render with. */
export type ChatTemplateSource =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly fault: TokenizerError };

/** What a tokenizer is made from. */
export interface TokenizerParts {
  /** Where the tokenizer comes from, for messages. */
  readonly path: string;
  /** Value of tokenizer.json. */
  readonly json: Readonly<Record<string, unknown>>;
  /** SHA-256 of tokenizer.json, hexadecimal. */
  readonly hash: string;
  /** Value of tokenizer_config.json, {} when there is none. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Token text by name, such as `bos_token`. */
  readonly specialTokens: Readonly<Record<string, string>>;
  readonly chatTemplate: ChatTemplateSource | null;
}

/** How text becomes ids. */
export interface EncodeOptions {
  /** Whether the tokens that frame a text are added, such as one that begins it. @defaultValue true */
  readonly addSpecialTokens?: boolean;
}

/** How ids become text. */
export interface DecodeOptions {
  /** Whether control tokens are left out of the text. @defaultValue true */
  readonly skipSpecialTokens?: boolean;
}

/** Ids lie in 32-bit integers; a larger one in a file is damage. */
const ID_LIMIT = 2 ** 31;

/**
 * Text to token ids and back, as the model's own tokenizer does it, and conversations to text by its chat template.
 *
 * Special tokens written out in a text, such as `<|im_end|>`, become those tokens, in `encode` as in Transformers: a
 * rendered conversation relies on it. So a message that contains one can end its turn. Callers that render messages of
 * others should look at them with `specialTokensIn` first.
 */
export class Tokenizer {
  /** Where the tokenizer comes from. */
  readonly path: string;
  /** Largest id + 1; at most the rows of the model's embedding. */
  readonly vocabularySize: number;
  readonly beginOfSequenceId: number | null;
  readonly endOfSequenceId: number | null;
  readonly hasChatTemplate: boolean;
  /** The text of the chat template; null without one that can be read. */
  readonly chatTemplate: string | null;
  /** SHA-256 of tokenizer.json, hexadecimal: equal tokenizers give equal ids. */
  readonly hash: string;
  /** SHA-256 of the chat template, hexadecimal; null without one. */
  readonly templateHash: string | null;
  /**
   * The text of a conversation, special tokens written out: encode it with `addSpecialTokens: false`. Undefined when the
   * model has no chat template.
   * @throws TokenizerError when the template does not parse or refuses the messages
   */
  readonly renderChat?: (messages: readonly ChatMessage[], options: RenderChatOptions) => string;

  readonly #library: LibraryTokenizer;
  readonly #specialIds: ReadonlyMap<number, string>;
  /** Texts of tokens that were added to the vocabulary: they stand in it as they stand in a text. */
  readonly #addedTexts: ReadonlyMap<number, string>;
  readonly #bytesOf: TokenBytesOf | null;
  /** Encodes texts of byte-level vocabularies; those of other kinds are the library's to encode. */
  readonly #encoder: ByteLevelEncoder | null;
  /** Ids put before and after a text, as tokenizer_config.json or tokenizer.json says; null leaves it to the library. */
  readonly #frame: Frame | null;

  /** @throws TokenizerError when the parts do not make a tokenizer */
  constructor({ path, json, hash, config, specialTokens, chatTemplate }: TokenizerParts) {
    this.path = path;
    this.hash = hash;
    const addedTokens = addedTokensOf(json, path);
    this.vocabularySize = largestId(json, addedTokens, path) + 1;
    checkTokenizerJson(json, path);
    const table = mergeTableOf(json);
    const templated = templateFrame(json["post_processor"]);
    try {
      this.#encoder = table === null ? null : ByteLevelEncoder.of(json, config, table);
      const isEncoded = this.#encoder !== null && (saysFrame(config) || templated !== null);
      // Merges take most of the memory of a tokenizer, and of the time to load it.
      this.#library = createLibraryTokenizer(isEncoded ? withoutMerges(json) : json, config);
      // Parts with fields of a wrong kind fail at a text only.
      this.#library.encode("A b, 1.\n", { add_special_tokens: true });
    } catch (cause) {
      throw new TokenizerError({
        path,
        expected: "a tokenizer of kinds that are supported",
        actual: phrase`a complaint: ${damageOf(cause)}`,
        cause,
      });
    }
    this.beginOfSequenceId = this.#idOf(specialTokens["bos_token"]);
    this.endOfSequenceId = this.#idOf(specialTokens["eos_token"]);
    this.#specialIds = this.#collectSpecialIds(addedTokens, specialTokens, config);
    this.#addedTexts = new Map(addedTokens.map(({ id, content }) => [id, content]));
    this.#bytesOf = tokenBytesOf(json);
    if (table !== null && this.#encoder === null) mergePairsOfIds(this.#library.model, table);
    this.#frame =
      frameOf(config, this.beginOfSequenceId, this.endOfSequenceId) ??
      (this.#encoder === null ? null : templated);
    this.hasChatTemplate = chatTemplate !== null;
    this.chatTemplate = chatTemplate !== null && "text" in chatTemplate ? chatTemplate.text : null;
    this.templateHash = this.chatTemplate === null ? null : sha256(this.chatTemplate);
    if (chatTemplate !== null) {
      this.renderChat =
        "text" in chatTemplate
          ? createChatRenderer(chatTemplate.text, chatTemplate.path, specialTokens)
          : () => {
              throw chatTemplate.fault;
            };
    }
  }

  /** Ids of a text. */
  encode(text: string, { addSpecialTokens = true }: EncodeOptions = {}): number[] {
    if (!addSpecialTokens) return this.#encoder?.encode(text) ?? this.#encodeByLibrary(text, false);
    if (this.#frame === null) return this.#encodeByLibrary(text, true);
    const { before, after } = this.#frame;
    return [...before, ...(this.#encoder?.encode(text) ?? this.#encodeByLibrary(text, false)), ...after];
  }

  /**
   * Text of ids. Ids that the tokenizer does not know, such as those of an embedding's spare rows, are left out. Spaces
   * before punctuation stay, whatever `clean_up_tokenization_spaces` says: for byte-pair tokenizers Transformers no
   * longer removes them either. Bytes that are not UTF-8 become U+FFFD, one for each stretch that could not become a
   * character; where such bytes come from a byte-fallback vocabulary, the reference spoils the valid ones beside them too.
   */
  decode(ids: Iterable<number>, { skipSpecialTokens = true }: DecodeOptions = {}): string {
    const known: number[] = [];
    for (const id of ids) {
      const isLeftOut = skipSpecialTokens && this.#specialIds.has(id);
      if (!isLeftOut && this.#library.id_to_token(id) !== undefined) known.push(id);
    }
    return known.length === 0 ? "" : this.#library.decode(known, { clean_up_tokenization_spaces: false });
  }

  /** A decoder for ids that come one by one, whose pieces joined are what `decode` gives. */
  streamDecoder(options: DecodeOptions = {}): StreamDecoder {
    return createStreamDecoder((ids) => this.decode(ids, options));
  }

  /** Whether every token stands for bytes of its own, whatever stands around it: {@link Tokenizer.tokenBytes} needs it. */
  get hasTokenBytes(): boolean {
    return this.#bytesOf !== null;
  }

  /**
   * The bytes of a token within a text, which may be a part of a character; null for control tokens and unknown ids, and for all
   * where `hasTokenBytes` is false. Joined they are what `decode` gives, but for a blank that it may drop at the start.
   */
  tokenBytes(id: number): Uint8Array | null {
    if (this.#specialIds.has(id) || this.#bytesOf === null) return null;
    const added = this.#addedTexts.get(id);
    if (added !== undefined) return Buffer.from(added, "utf8");
    const token = this.#library.id_to_token(id);
    return token === undefined ? null : this.#bytesOf(token);
  }

  /** Special tokens that occur in a text as text; `encode` would turn them into control tokens. */
  specialTokensIn(text: string): string[] {
    return [...this.#specialIds.values()].filter((token) => text.includes(token));
  }

  #encodeByLibrary(text: string, addSpecialTokens: boolean): number[] {
    const { ids } = this.#library.encode(text, { add_special_tokens: addSpecialTokens });
    // A piece that the vocabulary lacks has no id where there is no unknown token; the reference drops it too.
    return ids.filter((id) => id !== undefined);
  }

  #idOf(token: string | undefined): number | null {
    return token === undefined ? null : (this.#library.token_to_id(token) ?? null);
  }

  #collectSpecialIds(
    addedTokens: readonly AddedToken[],
    specialTokens: Readonly<Record<string, string>>,
    config: Readonly<Record<string, unknown>>,
  ): Map<number, string> {
    const special = new Map<number, string>();
    for (const { id, content, special: isSpecial } of addedTokens) if (isSpecial) special.set(id, content);
    const listed = ["additional_special_tokens", "extra_special_tokens"].flatMap((key) => {
      const value = Object.hasOwn(config, key) ? config[key] : [];
      return (Array.isArray(value) ? (value as unknown[]) : []).map(tokenText);
    });
    for (const token of [...Object.values(specialTokens), ...listed]) {
      const id = token === null ? null : this.#idOf(token);
      if (token !== null && id !== null) special.set(id, token);
    }
    return special;
  }
}

/** Text of a token that a config gives as text or as an object; null for anything else. */
export function tokenText(value: unknown): string | null {
  if (typeof value === "string") return value;
  const content = isRecord(value) && Object.hasOwn(value, "content") ? value["content"] : null;
  return typeof content === "string" ? content : null;
}

interface AddedToken {
  id: number;
  content: string;
  special: boolean;
}

function addedTokensOf(json: Readonly<Record<string, unknown>>, path: string): AddedToken[] {
  const tokens = Object.hasOwn(json, "added_tokens") ? json["added_tokens"] : [];
  if (!Array.isArray(tokens)) {
    throw new TokenizerError({ path, expected: "added_tokens to be a list", actual: quote(tokens) });
  }
  return tokens.map((token: unknown) => {
    if (!isRecord(token) || typeof token["content"] !== "string" || token["content"] === "") {
      throw new TokenizerError({ path, expected: "added_tokens with content and id", actual: quote(token) });
    }
    return {
      id: checkedId(token["id"], token["content"], path),
      content: token["content"],
      special: token["special"] === true,
    };
  });
}

/** Vocabularies are objects from token to id, or lists of [token, score] whose place is the id. */
function largestId(
  json: Readonly<Record<string, unknown>>,
  added: readonly AddedToken[],
  path: string,
): number {
  const model = Object.hasOwn(json, "model") ? json["model"] : undefined;
  const vocabulary = isRecord(model) && Object.hasOwn(model, "vocab") ? model["vocab"] : undefined;
  let largest = -1;
  if (Array.isArray(vocabulary)) {
    largest = vocabulary.length - 1;
  } else if (isRecord(vocabulary)) {
    for (const [token, id] of Object.entries(vocabulary))
      largest = Math.max(largest, checkedId(id, token, path));
  } else {
    throw new TokenizerError({ path, expected: "a model with a vocabulary", actual: quote(vocabulary) });
  }
  for (const { id } of added) largest = Math.max(largest, id);
  if (largest < 0)
    throw new TokenizerError({ path, expected: "a vocabulary with tokens", actual: "an empty one" });
  return largest;
}

function checkedId(id: unknown, token: string, path: string): number {
  if (!Number.isSafeInteger(id) || (id as number) < 0 || (id as number) >= ID_LIMIT) {
    const actual = phrase`${quote(id)} for token ${quote(token)}`;
    throw new TokenizerError({ path, expected: phrase`token ids from 0 to ${ID_LIMIT - 1}`, actual });
  }
  return id as number;
}

/** Either key in tokenizer_config.json takes the frame out of tokenizer.json's hands, as in Transformers. */
function saysFrame(config: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(config, "add_bos_token") || Object.hasOwn(config, "add_eos_token");
}

function frameOf(
  config: Readonly<Record<string, unknown>>,
  beginId: number | null,
  endId: number | null,
): Frame | null {
  if (!saysFrame(config)) return null;
  return {
    before: config["add_bos_token"] === true && beginId !== null ? [beginId] : [],
    after: config["add_eos_token"] === true && endId !== null ? [endId] : [],
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
