import { phrase } from "@lathe/files";
import { MetadataReader } from "./import-config.js";
import type { GgufFile } from "./open-gguf.js";
import { preTokenizerJson, preTokenizers } from "./tokenizer/pre-tokenizers.js";
import { SPACE_MARK } from "./tokenizer/sentence-pieces.js";

/** Other names under which llama.cpp has the same rule. */
const sameRules: Readonly<Record<string, string>> = {
  "deepseek-r1-qwen": "qwen2",
  megrez: "qwen2",
  llama3: "llama-bpe",
  "llama-v3": "llama-bpe",
  glm4: "chatglm-bpe",
  "phi-2": "gpt-2",
};

/** Kinds of tokens that are written out in a text as they are. */
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;

/** The files of a tokenizer, by name, as texts; none where the file has a stand-in or no tokenizer. */
export function importedTokenizer(file: GgufFile): ReadonlyMap<string, string> {
  const read = new MetadataReader(file);
  const model = read.text("tokenizer.ggml.model");
  const tokens = read.texts("tokenizer.ggml.tokens");
  if (model === null || model === "none" || tokens === null) return new Map();
  const kinds = read.numbers("tokenizer.ggml.token_type") ?? tokens.map(() => 1);
  const isAdded = (id: number): boolean => kinds[id] === CONTROL || kinds[id] === USER_DEFINED;
  const used = tokens.map((token, id) => ({ token, id })).filter(({ id }) => kinds[id] !== UNUSED);
  const vocabulary = Object.fromEntries(
    used.filter(({ id }) => !isAdded(id) || model !== "gpt2").map(({ token, id }) => [token, id]),
  );
  const added = used
    .filter(({ id }) => isAdded(id))
    .map(({ token, id }) => ({
      id,
      content: token,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: kinds[id] === CONTROL,
    }));
  if (!Object.hasOwn(vocabularyKinds, model)) {
    throw read.fault(
      "tokenizer.ggml.model",
      phrase`one of ${Object.keys(vocabularyKinds).join(", ")}`,
      model,
    );
  }
  const kind = vocabularyKinds[model](read, tokens);
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    ...kind.parts,
    post_processor: null,
    model: { type: "BPE", dropout: null, unk_token: null, vocab: vocabulary, ...kind.model },
  };
  const special = (word: string): string | undefined => {
    const key = `tokenizer.ggml.${word}_token_id`;
    return file.metadata.has(key) ? tokens[read.number(key)] : undefined;
  };
  const config = {
    add_bos_token: read.flag("tokenizer.ggml.add_bos_token", model === "llama"),
    add_eos_token: read.flag("tokenizer.ggml.add_eos_token", false),
    bos_token: special("bos"),
    eos_token: special("eos"),
    pad_token: special("padding"),
    clean_up_tokenization_spaces: false,
    tokenizer_class: "PreTrainedTokenizerFast",
  };
  const template = read.text("tokenizer.chat_template");
  const files = new Map([
    ["tokenizer.json", JSON.stringify(json)],
    ["tokenizer_config.json", `${JSON.stringify(config, null, 2)}\n`],
  ]);
  if (template !== null) files.set("chat_template.jinja", template);
  return files;
}

/** The parts of a tokenizer.json that a kind of vocabulary makes. */
interface VocabularyKind {
  readonly parts: Readonly<Record<string, unknown>>;
  readonly model: Readonly<Record<string, unknown>>;
}

function byteLevel(read: MetadataReader): VocabularyKind {
  const given = read.text("tokenizer.ggml.pre") ?? "default";
  const name = Object.hasOwn(sameRules, given) ? sameRules[given] : given;
  if (!Object.hasOwn(preTokenizers, name)) {
    const known = [...Object.keys(preTokenizers), ...Object.keys(sameRules)].join(", ");
    throw read.fault("tokenizer.ggml.pre", phrase`a rule of cutting among ${known}`, given);
  }
  const rule = preTokenizers[name];
  return {
    parts: {
      normalizer: null,
      pre_tokenizer: preTokenizerJson(rule),
      decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    },
    model: {
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: rule.ignoresMerges,
      merges: (read.texts("tokenizer.ggml.merges") ?? []).map((merge) => merge.split(" ")),
    },
  };
}

/** The scores of pieces. */
function scoresOf(read: MetadataReader, tokens: readonly string[]): readonly number[] {
  const scores = read.numbers("tokenizer.ggml.scores");
  if (scores?.length !== tokens.length) {
    throw read.fault("tokenizer.ggml.scores", phrase`${tokens.length} scores`, String(scores?.length ?? 0));
  }
  return scores;
}

/** The parts of vocabularies in which marks stand for spaces. */
function markedParts(
  read: MetadataReader,
  decoders: readonly Readonly<Record<string, unknown>>[],
): VocabularyKind["parts"] {
  const addsSpace = read.flag("tokenizer.ggml.add_space_prefix", true);
  const replace = { type: "Replace", pattern: { String: " " }, content: SPACE_MARK };
  return {
    normalizer: {
      type: "Sequence",
      normalizers: [...(addsSpace ? [{ type: "Prepend", prepend: SPACE_MARK }] : []), replace],
    },
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: SPACE_MARK }, content: " " },
        ...decoders,
        { type: "Fuse" },
        ...(addsSpace ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
  };
}

/** Merges of a vocabulary that has scores: every pair of tokens that makes one, the highest score first, as Transformers derives them. */
function sentencePieces(read: MetadataReader, tokens: readonly string[]): VocabularyKind {
  const scores = scoresOf(read, tokens);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const merges: {
    readonly pair: readonly [string, string];
    readonly score: number;
    readonly order: number;
  }[] = [];
  tokens.forEach((token, id) => {
    const characters = [...token];
    for (let i = 1; i < characters.length; i++) {
      const pair = [characters.slice(0, i).join(""), characters.slice(i).join("")] as const;
      const [first, second] = pair.map((part) => ids.get(part));
      if (first === undefined || second === undefined) continue;
      merges.push({ pair, score: scores[id], order: first * tokens.length + second });
    }
  });
  merges.sort((a, b) => b.score - a.score || a.order - b.order);
  const unknown = read.file.metadata.has("tokenizer.ggml.unknown_token_id")
    ? tokens[read.number("tokenizer.ggml.unknown_token_id")]
    : null;
  return {
    parts: markedParts(read, [{ type: "ByteFallback" }]),
    model: {
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      merges: merges.map(({ pair }) => pair),
    },
  };
}

/** Pieces with scores, of which one stands for unknown characters. */
function unigram(read: MetadataReader, tokens: readonly string[]): VocabularyKind {
  if (read.file.metadata.has("tokenizer.ggml.precompiled_charsmap")) {
    throw read.fault(
      "tokenizer.ggml.precompiled_charsmap",
      "none, as its rules of rewriting texts are not read",
      "one",
    );
  }
  const scores = scoresOf(read, tokens);
  return {
    parts: markedParts(read, []),
    model: {
      type: "Unigram",
      unk_id: read.number("tokenizer.ggml.unknown_token_id"),
      byte_fallback: false,
      vocab: tokens.map((token, id) => [token, scores[id]]),
    },
  };
}

/** What the names of vocabularies in llama.cpp stand for. */
const vocabularyKinds: Readonly<
  Record<string, (read: MetadataReader, tokens: readonly string[]) => VocabularyKind>
> = { gpt2: byteLevel, llama: sentencePieces, t5: unigram };
