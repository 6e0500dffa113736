import { isRecord, phrase, SpokenError } from "@lathe/files";
import { TextDecoder } from "node:util";
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { quote } from "../errors.js";
import type { MergeTable } from "./pair-merges.js";
import { SymbolMerges } from "./symbol-merges.js";

/**
 * What is used of the library's tokenizer. Written out here because the library's own declarations import each other in
 * a way that TypeScript does not resolve under Node's module rules.
 */
export interface LibraryTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  readonly decoder: LibraryDecoder | null;
  readonly model: LibraryModel;
}

interface LibraryModel {
  /** Tokens of a word, in byte-pair encoding. */
  bpe?(word: string): string[];
}

interface LibraryDecoder {
  readonly config?: { readonly type?: string };
  decoders?: LibraryDecoder[];
  text_decoder?: TextDecoder;
}

const LibraryClass = HuggingFaceTokenizer as new (json: object, config: object) => LibraryTokenizer;

/** Kinds of vocabulary that the library encodes with as the reference does. */
const modelTypes: readonly unknown[] = ["BPE", "Unigram", "WordPiece"];

/** Keys that the reference implementation lets a file leave out. */
const optionalParts = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
};

/**
 * A tokenizer of the library from the values of tokenizer.json and tokenizer_config.json.
 * @throws an error of the library or a SpokenError on values that it cannot use
 */
export function createLibraryTokenizer(
  json: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
): LibraryTokenizer {
  const model = json["model"] as Readonly<Record<string, unknown>>;
  // Old files leave the type out. The library takes any other type for a legacy kind, and would encode wrongly.
  const type = model["type"] ?? (Array.isArray(model["merges"]) ? "BPE" : "none");
  if (!modelTypes.includes(type)) {
    throw new SpokenError(
      phrase`no support for a model of type ${quote(type)}, only ${modelTypes.join(", ")}`,
    );
  }
  const library = new LibraryClass({ ...optionalParts, ...json, model: { ...model, type } }, config);
  keepByteOrderMarks(library.decoder);
  return library;
}

/**
 * Tokens and merges of a byte-pair encoding that spells tokens as they are, from a tokenizer.json that was checked, added tokens among them;
 * null for any other kind of vocabulary.
 */
export function mergeTableOf(json: Readonly<Record<string, unknown>>): MergeTable | null {
  const model = json["model"];
  if (!isRecord(model) || (model["type"] ?? "BPE") !== "BPE") return null;
  if (!isRecord(model["vocab"]) || !Array.isArray(model["merges"])) return null;
  if (model["end_of_word_suffix"] || model["continuing_subword_suffix"]) return null;
  const ids = new Map(Object.entries(model["vocab"] as Readonly<Record<string, number>>));
  const added = Array.isArray(json["added_tokens"]) ? (json["added_tokens"] as unknown[]) : [];
  for (const token of added) {
    if (isRecord(token)) ids.set(token["content"] as string, token["id"] as number);
  }
  const vocab: string[] = [];
  for (const [token, id] of ids) vocab[id] = token;
  const merges = (model["merges"] as (string | [string, string])[]).map((merge) =>
    typeof merge === "string" ? (merge.split(" ") as [string, string]) : merge,
  );
  return { tokens_to_ids: ids, vocab, merges };
}

/** The same tokenizer.json without its merges, for a library that decodes and is asked for no ids of a text. */
export function withoutMerges(json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...json, model: { ...(json["model"] as object), merges: [] } };
}

/** Has the library encode words on pairs of ids; it keys pairs by their texts, for most of its time. */
export function mergePairsOfIds(model: LibraryModel, table: MergeTable): void {
  const { bpe } = model;
  const pairs = SymbolMerges.of(table);
  if (!bpe || pairs === null) return;
  model.bpe = (word) => pairs.tokens(word) ?? bpe.call(model, word);
}

/** The library's byte-fallback decoder drops a U+FEFF at the start of a run of byte tokens; the reference keeps it. */
function keepByteOrderMarks(decoder: LibraryDecoder | null): void {
  if (decoder === null) return;
  if (decoder.config?.type === "ByteFallback") {
    decoder.text_decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  }
  for (const inner of decoder.decoders ?? []) keepByteOrderMarks(inner);
}
