import { isRecord } from "@lathe/files";
import { AddedTokenSplitter, type AddedText } from "./added-token-splitter.js";
import { byteCharacters } from "./byte-characters.js";
import { type MergeTable, PairMerges } from "./pair-merges.js";
import { WordCache } from "./word-cache.js";
import { WordPattern } from "./word-pattern.js";

type Json = Readonly<Record<string, unknown>>;

/** Most bytes of a UTF-16 unit in UTF-8. */
const BYTES_A_UNIT = 3;
/** The pattern of the byte-level splitter where it has none of its own, that of GPT-2. */
const BYTE_LEVEL_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** What a byte-level tokenizer is made of. */
interface ByteLevelParts {
  readonly normalize: ((text: string) => string) | null;
  readonly patterns: readonly WordPattern[];
  /** Tokens that are looked for in the text as it is, and in the normalised one. */
  readonly added: readonly AddedText[];
  readonly addedNormalized: readonly AddedText[];
  readonly merges: PairMerges;
  /** [256] id of each byte */
  readonly byteIds: Int32Array;
  /** Id of a whole word, written in characters of bytes; null where words are merged from bytes always. */
  readonly idOfWord: ((word: string) => number | undefined) | null;
}

/**
 * Byte-level byte-pair encoding straight from text to ids, as DeepSeek's, Qwen's, Llama 3's and GPT-2's tokenizers do it: words are found by
 * {@link WordPattern}, looked up in a {@link WordCache}, and else merged from their bytes. No text is made on the way.
 */
export class ByteLevelEncoder {
  readonly #parts: ByteLevelParts;
  readonly #added: AddedTokenSplitter;
  readonly #addedNormalized: AddedTokenSplitter;
  readonly #cache = new WordCache();
  #ids = new Int32Array(1024);
  #count = 0;

  private constructor(parts: ByteLevelParts) {
    this.#parts = parts;
    this.#added = new AddedTokenSplitter(parts.added);
    this.#addedNormalized = new AddedTokenSplitter(parts.addedNormalized);
  }

  /**
   * The encoder of a tokenizer.json that was checked; null for one of another kind, or with a part that changes text in a way of its own.
   * @param config value of tokenizer_config.json, which may have texts changed too
   * @param table tokens and merges, added tokens among them
   */
  static of(json: Json, config: Json, table: MergeTable): ByteLevelEncoder | null {
    const model = isRecord(json["model"]) ? json["model"] : {};
    const plain = ["dropout", "continuing_subword_prefix", "end_of_word_suffix", "continuing_subword_suffix"];
    if (plain.some((key) => Boolean(model[key]))) return null;
    if (config["remove_space"] === true || config["do_lowercase_and_remove_accent"] === true) return null;
    const normalize = normalizerOf(json["normalizer"]);
    const patterns = patternsOf(json["pre_tokenizer"]);
    const added = addedTokensOf(json["added_tokens"], normalize);
    const byteIds = byteIdsOf(table);
    if (normalize === undefined || patterns === null || added === null || byteIds === null) return null;
    const merges = PairMerges.of(table);
    if (merges === null) return null;
    const vocabulary = isRecord(model["vocab"]) ? new Map(Object.entries(model["vocab"])) : new Map();
    const idOfWord =
      model["ignore_merges"] === true ? (word: string) => vocabulary.get(word) as number | undefined : null;
    return new ByteLevelEncoder({ normalize, patterns, ...added, merges, byteIds, idOfWord });
  }

  /** Ids of a text, without what a tokenizer puts around it. */
  encode(text: string): number[] {
    this.#count = 0;
    const added = this.#added;
    for (let at = 0; at < text.length;) {
      const end = added.find(text, at, text.length);
      if (end > at) this.#encodeNormalized(text.slice(at, end));
      if (end === text.length) break;
      this.#reserve(1);
      this.#ids[this.#count++] = added.foundId;
      at = added.foundEnd;
    }
    const ids: number[] = [];
    for (let at = 0; at < this.#count; at++) ids.push(this.#ids[at]);
    return ids;
  }

  #encodeNormalized(part: string): void {
    const text = this.#parts.normalize === null ? part : this.#parts.normalize(part);
    const added = this.#addedNormalized;
    for (let at = 0; at < text.length;) {
      const end = added.find(text, at, text.length);
      if (end > at) this.#split(text, at, end, 0);
      if (end === text.length) break;
      this.#reserve(1);
      this.#ids[this.#count++] = added.foundId;
      at = added.foundEnd;
    }
  }

  /** Splits by a pattern and those after it; what lies between two matches is a part as well. */
  #split(text: string, start: number, end: number, stage: number): void {
    const { patterns } = this.#parts;
    if (stage === patterns.length) {
      this.#encodeWord(text, start, end);
      return;
    }
    const pattern = patterns[stage];
    let from = start;
    for (let at = start; at < end;) {
      const matched = pattern.matchEnd(text, at, end);
      if (matched === -1) {
        const isPair = at + 1 < end && text.codePointAt(at)! > 0xffff;
        at += isPair ? 2 : 1;
        continue;
      }
      if (at > from) this.#split(text, from, at, stage + 1);
      this.#split(text, at, matched, stage + 1);
      from = at = matched;
    }
    if (end > from) this.#split(text, from, end, stage + 1);
  }

  #encodeWord(text: string, start: number, end: number): void {
    this.#reserve((end - start) * BYTES_A_UNIT);
    const first = this.#count;
    const known = this.#cache.find(text, start, end, this.#ids, first);
    if (known !== -1) {
      this.#count += known;
      return;
    }
    const whole = this.#parts.idOfWord?.(wordOfBytes(text.slice(start, end)));
    if (whole === undefined) {
      const bytes = this.#writeBytes(text, start, end);
      const word = this.#ids.subarray(first, first + bytes);
      this.#count += this.#parts.merges.merge(word, bytes);
    } else {
      this.#ids[this.#count++] = whole;
    }
    this.#cache.add(text, start, end, this.#ids, first, this.#count - first);
  }

  /** Writes the id of each byte of the text in UTF-8; halves of surrogate pairs are U+FFFD. */
  #writeBytes(text: string, start: number, end: number): number {
    const ids = this.#ids;
    const { byteIds } = this.#parts;
    const first = this.#count;
    let at = first;
    for (let place = start; place < end; place++) {
      let point = text.charCodeAt(place);
      if (point < 0x80) {
        ids[at++] = byteIds[point];
        continue;
      }
      if (point < 0x800) {
        ids[at++] = byteIds[0xc0 | (point >> 6)];
        ids[at++] = byteIds[0x80 | (point & 0x3f)];
        continue;
      }
      if (point >= 0xd800 && point < 0xe000) {
        const pair = place + 1 < end ? text.codePointAt(place)! : 0;
        if (pair > 0xffff) {
          place += 1;
          ids[at++] = byteIds[0xf0 | (pair >> 18)];
          ids[at++] = byteIds[0x80 | ((pair >> 12) & 0x3f)];
          ids[at++] = byteIds[0x80 | ((pair >> 6) & 0x3f)];
          ids[at++] = byteIds[0x80 | (pair & 0x3f)];
          continue;
        }
        point = 0xfffd;
      }
      ids[at++] = byteIds[0xe0 | (point >> 12)];
      ids[at++] = byteIds[0x80 | ((point >> 6) & 0x3f)];
      ids[at++] = byteIds[0x80 | (point & 0x3f)];
    }
    return at - first;
  }

  #reserve(count: number): void {
    const needed = this.#count + count;
    if (needed <= this.#ids.length) return;
    const ids = new Int32Array(2 * needed);
    ids.set(this.#ids.subarray(0, this.#count));
    this.#ids = ids;
  }
}

/** What a normalizer does; null for none, undefined for one that is not read. */
function normalizerOf(part: unknown): ((text: string) => string) | null | undefined {
  if (part === null || part === undefined) return null;
  if (!isRecord(part)) return undefined;
  if (part["type"] === "NFC") return (text) => text.normalize("NFC");
  const isEmpty = Array.isArray(part["normalizers"]) && part["normalizers"].length === 0;
  return part["type"] === "Sequence" && isEmpty ? null : undefined;
}

/** Patterns that text is split by one after the other before its bytes are taken. */
function patternsOf(part: unknown): WordPattern[] | null {
  if (!isRecord(part)) return null;
  const stages: unknown = part["type"] === "Sequence" ? part["pretokenizers"] : [part];
  if (!Array.isArray(stages)) return null;
  const patterns: (WordPattern | null)[] = [];
  for (const [at, stage] of (stages as unknown[]).entries()) {
    if (!isRecord(stage)) return null;
    const isLast = at === stages.length - 1;
    if (stage["type"] === "ByteLevel" && isLast && stage["add_prefix_space"] !== true) {
      if (stage["use_regex"] !== false) patterns.push(WordPattern.of(BYTE_LEVEL_PATTERN));
      return patterns.every((pattern) => pattern !== null) ? patterns : null;
    }
    const pattern = isRecord(stage["pattern"]) ? stage["pattern"]["Regex"] : undefined;
    const isSplit =
      stage["type"] === "Split" && stage["behavior"] === "Isolated" && stage["invert"] === false;
    if (!isSplit || typeof pattern !== "string") return null;
    patterns.push(WordPattern.of(pattern));
  }
  return null;
}

/** Added tokens by the text that they are looked for in; null where blanks or words around them count. */
function addedTokensOf(
  tokens: unknown,
  normalize: ((text: string) => string) | null | undefined,
): { readonly added: AddedText[]; readonly addedNormalized: AddedText[] } | null {
  const added: AddedText[] = [];
  const addedNormalized: AddedText[] = [];
  for (const token of Array.isArray(tokens) ? (tokens as unknown[]) : []) {
    if (!isRecord(token)) return null;
    const { content, id, special } = token;
    if (typeof content !== "string" || typeof id !== "number") return null;
    if (["single_word", "lstrip", "rstrip"].some((key) => token[key] === true)) return null;
    if (token["normalized"] ?? special !== true) {
      addedNormalized.push({ text: normalize ? normalize(content) : content, id });
    } else {
      added.push({ text: content, id });
    }
  }
  return { added, addedNormalized };
}

/** Ids of the 256 bytes; null for a vocabulary that lacks one. */
function byteIdsOf({ tokens_to_ids: ids }: MergeTable): Int32Array | null {
  const byteIds = new Int32Array(256);
  for (const [character, byte] of byteCharacters) {
    const id = ids.get(character);
    if (id === undefined) return null;
    byteIds[byte] = id;
  }
  return byteIds;
}

const characterOfByte = Array.from(byteCharacters)
  .sort(([, one], [, other]) => one - other)
  .map(([character]) => character);

/** A word as a byte-level vocabulary writes it. */
function wordOfBytes(text: string): string {
  let word = "";
  for (const byte of Buffer.from(text, "utf8")) word += characterOfByte[byte];
  return word;
}
