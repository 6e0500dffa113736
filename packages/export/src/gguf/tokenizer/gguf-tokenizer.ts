import { join } from "node:path";
import { isRecord, type MakeFault, phrase, readJsonIfThere } from "@lathe/files";
import { type ModelConfig, Tokenizer } from "@lathe/model";
import { ExportError } from "../../errors.js";
import type { GgufMetadata, GgufValue } from "../gguf-value.js";
import { type PreTokenizer, preTokenizerJson, preTokenizers } from "./pre-tokenizers.js";
import { probeTexts } from "./probe-texts.js";
import { byteToken, encodeSentencePieces, SPACE_MARK } from "./sentence-pieces.js";
import { encodeUnigram } from "./unigram.js";

/** Largest tokenizer.json that is read, in bytes. */
const TOKENIZER_BYTES_LIMIT = 200_000_000;

/** Numbers that llama.cpp has for kinds of tokens. */
const tokenKinds = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** How far llama.cpp cuts texts as the model's own tokenizer does. */
export interface TokenizerProof {
  /**
   * The name in the file: the pre-tokeniser's, `spm` for a vocabulary of SentencePiece's kind, `unigram` for one with an unknown token
   * in the place of bytes, or `none` without a tokenizer.
   */
  readonly name: string;
  /** Texts that were compared. */
  readonly compared: number;
  /** Texts of those that become other ids. */
  readonly differing: number;
  /** One that does. */
  readonly example: string | null;
  /** Whether texts that are not in Unicode's composed form are composed by the model's tokenizer alone. */
  readonly composes: boolean;
  /** Whether unknown characters side by side are one token in llama.cpp and one each in the model's tokenizer; texts were compared without that. */
  readonly joinsUnknown: boolean;
}

/** The values of a tokenizer, and what is known of how llama.cpp follows them. */
export interface GgufTokenizer {
  readonly metadata: GgufMetadata;
  readonly proof: TokenizerProof;
}

/** The tokenizer.json of a folder; null without one. @throws ExportError */
export async function readTokenizerJson(folder: string): Promise<Readonly<Record<string, unknown>> | null> {
  const path = join(folder, "tokenizer.json");
  const makeFault: MakeFault = (expected, actual, cause) =>
    new ExportError({ path, expected, actual, cause });
  const json = await readJsonIfThere(path, { limit: TOKENIZER_BYTES_LIMIT, makeFault });
  if (json === undefined) return null;
  if (!isRecord(json)) throw makeFault("a JSON object", typeof json);
  return json;
}

/** A byte-pair vocabulary as tokenizer.json has it. */
interface BytePairs {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly merges: readonly string[];
}

function bytePairsOf(json: Readonly<Record<string, unknown>>, path: string): BytePairs {
  const model = isRecord(json["model"]) ? json["model"] : {};
  const { vocab, merges } = model;
  if (!isRecord(vocab) || !Array.isArray(merges)) {
    throw new ExportError({
      path,
      expected: "a byte-pair vocabulary with merges, which GGUF has a place for",
      actual: "a vocabulary of another kind",
      remedy: "export it as ONNX or as merged safetensors",
    });
  }
  return {
    vocabulary: new Map(Object.entries(vocab) as [string, number][]),
    merges: merges.map((merge: unknown) =>
      // A space within a part would look like the one between the two.
      Array.isArray(merge) ? merge.map((part) => String(part).replaceAll(" ", "Ġ")).join(" ") : String(merge),
    ),
  };
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

const addedTokensOf = (json: Readonly<Record<string, unknown>>): readonly AddedToken[] =>
  (Array.isArray(json["added_tokens"]) ? json["added_tokens"] : []) as readonly AddedToken[];

/** Whether a text's bytes are written out as characters before they are merged. */
const isByteLevel = (json: Readonly<Record<string, unknown>>): boolean =>
  JSON.stringify(json["pre_tokenizer"] ?? null).includes('"ByteLevel"');

const composesTexts = (json: Readonly<Record<string, unknown>>): boolean =>
  /"type":"NFK?C"/.test(JSON.stringify(json["normalizer"] ?? null));

/** Texts and kinds of all rows of the embedding. */
function listedTokens(
  rows: number,
  vocabulary: ReadonlyMap<string, number>,
  added: readonly AddedToken[],
  kindOf: (token: string) => number,
): { readonly tokens: readonly string[]; readonly kinds: readonly number[] } {
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const kinds = new Array<number>(rows).fill(tokenKinds.unused);
  for (const [token, id] of vocabulary) {
    tokens[id] = token;
    kinds[id] = kindOf(token);
  }
  for (const { id, content, special } of added) {
    tokens[id] = content;
    kinds[id] = special ? tokenKinds.control : tokenKinds.userDefined;
  }
  return { tokens, kinds };
}

const textArray = (value: readonly string[]): GgufValue => ({ type: "array", of: "string", value });
const u32 = (value: number): GgufValue => ({ type: "u32", value });

/** A stand-in for models without a tokenizer: llama.cpp does not load a model that has none. */
function placeholder(rows: number): GgufTokenizer {
  const shown = Array.from({ length: 256 }, (_, byte) => byte).filter(
    (byte) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174,
  );
  const characters = [...shown, ...Array.from({ length: 256 - shown.length }, (_, i) => 256 + i)];
  const tokens = Array.from({ length: rows }, (_, id) =>
    id < 256 ? String.fromCharCode(characters[id]) : `<id ${id}>`,
  );
  return {
    metadata: new Map<string, GgufValue>([
      ["tokenizer.ggml.model", { type: "string", value: "gpt2" }],
      ["tokenizer.ggml.pre", { type: "string", value: "qwen2" }],
      ["tokenizer.ggml.tokens", textArray(tokens)],
      ["tokenizer.ggml.token_type", { type: "array", of: "i32", value: tokens.map(() => tokenKinds.normal) }],
      ["tokenizer.ggml.merges", textArray([])],
    ]),
    proof: { name: "none", compared: 0, differing: 0, example: null, composes: false, joinsUnknown: false },
  };
}

/** A text and the ids that the model's tokenizer makes of it. */
interface ProbeText {
  readonly text: string;
  readonly ids: readonly number[];
}

/**
 * Compares ids on many texts.
 * @param encode null for a text on which llama.cpp fails
 * @param limit differing texts at which the comparison ends
 */
function compare(
  name: string,
  texts: readonly ProbeText[],
  composes: boolean,
  encode: (text: string) => readonly number[] | null,
  limit = Infinity,
): TokenizerProof {
  let [differing, example] = [0, null as string | null];
  for (const { text, ids } of texts) {
    const theirs = encode(text);
    if (theirs?.length === ids.length && ids.every((id, i) => id === theirs[i])) continue;
    example ??= text;
    if (++differing >= limit) break;
  }
  return { name, compared: texts.length, differing, example, composes, joinsUnknown: false };
}

/** The model's tokenizer with another rule of cutting. */
function cuttingAs(
  { patterns, ignoresMerges }: PreTokenizer,
  json: Readonly<Record<string, unknown>>,
  path: string,
): Tokenizer {
  const model = json["model"] as Readonly<Record<string, unknown>>;
  return new Tokenizer({
    path,
    json: {
      ...json,
      normalizer: null,
      pre_tokenizer: preTokenizerJson({ patterns, ignoresMerges }),
      post_processor: null,
      model: { ...model, ignore_merges: ignoresMerges },
    },
    hash: "",
    config: {},
    specialTokens: {},
    chatTemplate: null,
  });
}

/** The name under which llama.cpp cuts texts most like the model's tokenizer, proven on all texts or the closest on some. */
function closestName(
  tokenizer: Tokenizer,
  json: Readonly<Record<string, unknown>>,
  texts: readonly ProbeText[],
): TokenizerProof {
  const composes = composesTexts(json);
  let closest: TokenizerProof | null = null;
  for (const [name, rule] of Object.entries(preTokenizers)) {
    const other = cuttingAs(rule, json, tokenizer.path);
    const encode = (text: string): number[] => other.encode(text, { addSpecialTokens: false });
    const proof = compare(name, texts, composes, encode, closest?.differing);
    if (proof.differing === 0) return proof;
    if (closest === null || proof.differing < closest.differing) closest = proof;
  }
  return closest!;
}

function byteLevel(
  tokenizer: Tokenizer,
  json: Readonly<Record<string, unknown>>,
  rows: number,
): GgufTokenizer {
  const { vocabulary, merges } = bytePairsOf(json, tokenizer.path);
  const { tokens, kinds } = listedTokens(rows, vocabulary, addedTokensOf(json), () => tokenKinds.normal);
  const proof = closestName(tokenizer, json, textsFor(tokenizer, json));
  return {
    metadata: new Map<string, GgufValue>([
      ["tokenizer.ggml.model", { type: "string", value: "gpt2" }],
      ["tokenizer.ggml.pre", { type: "string", value: proof.name }],
      ["tokenizer.ggml.tokens", textArray(tokens)],
      ["tokenizer.ggml.token_type", { type: "array", of: "i32", value: kinds }],
      ["tokenizer.ggml.merges", textArray(merges)],
    ]),
    proof,
  };
}

/** Texts of the model's own words; composed ones where its tokenizer composes, as llama.cpp does not. */
function textsFor(tokenizer: Tokenizer, json: Readonly<Record<string, unknown>>): ProbeText[] {
  const pieces = Array.from({ length: Math.min(tokenizer.vocabularySize, 20_000) }, (_, i) =>
    tokenizer.decode([i]),
  ).filter((text) => text !== "" && !text.includes("\ufffd"));
  const composes = composesTexts(json);
  return probeTexts(pieces)
    .map((text) => (composes ? text.normalize("NFC") : text))
    .map((text) => ({ text, ids: tokenizer.encode(text, { addSpecialTokens: false }) }));
}

const byteTokens: ReadonlySet<string> = new Set(Array.from({ length: 256 }, (_, byte) => byteToken(byte)));

/** Values of a vocabulary in which marks stand for spaces, whichever way its texts are cut. */
function markedVocabulary(
  model: string,
  {
    tokens,
    kinds,
    scores,
    unknownId,
  }: {
    readonly tokens: readonly string[];
    readonly kinds: readonly number[];
    readonly scores: readonly number[];
    readonly unknownId: number | undefined;
  },
): GgufMetadata {
  return new Map<string, GgufValue>([
    ["tokenizer.ggml.model", { type: "string", value: model }],
    ["tokenizer.ggml.pre", { type: "string", value: "default" }],
    ["tokenizer.ggml.tokens", textArray(tokens)],
    ["tokenizer.ggml.scores", { type: "array", of: "f32", value: scores }],
    [
      "tokenizer.ggml.token_type",
      {
        type: "array",
        of: "i32",
        value: kinds.map((kind, id) => (id === unknownId ? tokenKinds.unknown : kind)),
      },
    ],
    ["tokenizer.ggml.add_space_prefix", { type: "bool", value: true }],
    ...(unknownId === undefined
      ? []
      : [["tokenizer.ggml.unknown_token_id", u32(unknownId)] satisfies [string, GgufValue]]),
  ]);
}

/** Ids by the texts of tokens that texts are cut into: those that were added are written out as they are. */
function cutInto(tokens: readonly string[], added: readonly AddedToken[]): Map<string, number> {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  for (const { content } of added) ids.delete(content);
  return ids;
}

function sentencePieces(
  tokenizer: Tokenizer,
  json: Readonly<Record<string, unknown>>,
  rows: number,
): GgufTokenizer {
  const { vocabulary, merges } = bytePairsOf(json, tokenizer.path);
  const added = addedTokensOf(json);
  const unknown = isRecord(json["model"]) ? json["model"]["unk_token"] : undefined;
  const unknownId = typeof unknown === "string" ? vocabulary.get(unknown) : undefined;
  if (![...byteTokens].every((token) => vocabulary.has(token))) {
    // llama.cpp ends on the first character that is neither a piece nor bytes; pieces with scores have a token for such.
    if (unknownId === undefined) {
      throw new ExportError({
        path: tokenizer.path,
        expected:
          "tokens of all bytes or an unknown token, without which llama.cpp ends at a character that is no token",
        actual: "none",
        remedy: "export it as ONNX or as merged safetensors",
      });
    }
    // As few pieces as there can be, which is what merges lead to where any do.
    const scores = Array.from({ length: rows }, () => -1);
    return unigram(tokenizer, json, { rows, vocabulary, scores, unknownId });
  }
  const kindOf = (token: string): number => (byteTokens.has(token) ? tokenKinds.byte : tokenKinds.normal);
  const { tokens, kinds } = listedTokens(rows, vocabulary, added, kindOf);
  // What a merge makes has its rank; earlier merges come first.
  const scores = tokens.map(() => 0);
  merges.forEach((merge, rank) => {
    const id = vocabulary.get(merge.replace(" ", ""));
    if (id !== undefined && scores[id] === 0) scores[id] = -1 - rank;
  });
  const ids = cutInto(tokens, added);
  const proof = compare("spm", textsFor(tokenizer, json), false, (text) =>
    text === "" ? [] : encodeSentencePieces({ ids, scores }, text),
  );
  return { metadata: markedVocabulary("llama", { tokens, kinds, scores, unknownId }), proof };
}

function unigram(
  tokenizer: Tokenizer,
  json: Readonly<Record<string, unknown>>,
  {
    rows,
    vocabulary,
    scores,
    unknownId,
  }: {
    readonly rows: number;
    readonly vocabulary: ReadonlyMap<string, number>;
    readonly scores: readonly number[];
    readonly unknownId: number;
  },
): GgufTokenizer {
  const added = addedTokensOf(json);
  const { tokens, kinds } = listedTokens(rows, vocabulary, added, () => tokenKinds.normal);
  const ids = cutInto(tokens, added);
  ids.delete(tokens[unknownId]);
  // Before spaces alone llama.cpp puts no mark; nobody asks a model nothing.
  const texts = textsFor(tokenizer, json).filter(({ text }) => /[^ ]/.test(text));
  const joined = texts.map(({ text, ids: found }) => ({
    text,
    ids: found.filter((id, i) => id !== unknownId || found[i - 1] !== unknownId),
  }));
  const proof = compare("unigram", joined, false, (text) => encodeUnigram({ ids, scores, unknownId }, text));
  const joinsUnknown = joined.some(({ ids: one }, i) => one.length < texts[i].ids.length);
  return {
    metadata: markedVocabulary("t5", { tokens, kinds, scores, unknownId }),
    proof: { ...proof, joinsUnknown },
  };
}

/** A vocabulary of pieces with scores, as tokenizer.json has it. @throws ExportError */
function scoredPieces(
  tokenizer: Tokenizer,
  json: Readonly<Record<string, unknown>>,
  rows: number,
): GgufTokenizer {
  const { vocab, unk_id: unknownId } = json["model"] as Readonly<Record<string, unknown>>;
  if (!Array.isArray(vocab) || typeof unknownId !== "number" || vocab.length > rows) {
    throw new ExportError({
      path: tokenizer.path,
      expected: "pieces with scores and an unknown token, which GGUF has a place for",
      actual: "a vocabulary of another kind",
      remedy: "export it as ONNX or as merged safetensors",
    });
  }
  const pieces = vocab as readonly (readonly [string, number])[];
  const vocabulary = new Map(pieces.map(([piece], id) => [piece, id]));
  const scores = Array.from({ length: rows }, (_, id) => pieces[id]?.[1] ?? 0);
  return unigram(tokenizer, json, { rows, vocabulary, scores, unknownId });
}

/**
 * The values of a model's tokenizer, special tokens and chat template. How llama.cpp cuts a text follows from a name of a fixed list:
 * it is held to the model's own tokenizer on thousands of texts before one is written.
 *
 * @throws ExportError when the vocabulary has no place in GGUF
 */
export async function ggufTokenizer(
  folder: string,
  tokenizer: Tokenizer | null,
  config: ModelConfig,
): Promise<GgufTokenizer> {
  const json = tokenizer && (await readTokenizerJson(folder));
  const made =
    !json || !tokenizer ? placeholder(config.vocabularySize) : vocabularyOf(tokenizer, json, config);
  const metadata = new Map(made.metadata);
  const [end, turnEnd] = config.endOfSequenceIds;
  const begin = config.beginOfSequenceIds[0] ?? tokenizer?.beginOfSequenceId;
  // Left out, llama.cpp takes numbers of a vocabulary that is not this one.
  metadata.set("tokenizer.ggml.bos_token_id", u32(begin ?? end ?? 0));
  metadata.set("tokenizer.ggml.eos_token_id", u32(end ?? begin ?? 0));
  if (turnEnd !== undefined) metadata.set("tokenizer.ggml.eot_token_id", u32(turnEnd));
  if (config.padId !== null && config.padId >= 0) {
    metadata.set("tokenizer.ggml.padding_token_id", u32(config.padId));
  }
  const framed = tokenizer?.encode("a") ?? [];
  const plain = tokenizer?.encode("a", { addSpecialTokens: false }) ?? [];
  const addsBegin = framed.length > plain.length && framed[0] === begin && plain[0] !== begin;
  metadata.set("tokenizer.ggml.add_bos_token", { type: "bool", value: addsBegin });
  if (tokenizer?.chatTemplate != null) {
    metadata.set("tokenizer.chat_template", { type: "string", value: tokenizer.chatTemplate });
  }
  return { metadata, proof: made.proof };
}

function vocabularyOf(
  tokenizer: Tokenizer,
  json: Readonly<Record<string, unknown>>,
  { vocabularySize }: ModelConfig,
): GgufTokenizer {
  if (isByteLevel(json)) return byteLevel(tokenizer, json, vocabularySize);
  const spaces = JSON.stringify([json["normalizer"] ?? null, json["pre_tokenizer"] ?? null]);
  if (spaces.includes(SPACE_MARK)) {
    const kind = isRecord(json["model"]) ? json["model"]["type"] : undefined;
    return (kind === "Unigram" ? scoredPieces : sentencePieces)(tokenizer, json, vocabularySize);
  }
  throw new ExportError({
    path: tokenizer.path,
    expected: "a vocabulary of bytes or of SentencePiece's kind, which GGUF has a place for",
    actual: "another one",
    remedy: phrase`export it as ONNX or as merged safetensors`,
  });
}
