/** How llama.cpp cuts a text into words under one name, before it merges bytes. */
export interface PreTokenizer {
  /** Applied one after the other, each to what the one before has left in one piece. */
  readonly patterns: readonly string[];
  /** Whether a word that is a token as a whole is taken without merging. */
  readonly ignoresMerges: boolean;
}

const contractions = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const rest =
  "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|NUMBERS| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const tiktoken = (numbers: string): string => `${contractions}|${rest.replace("NUMBERS", numbers)}`;
const gpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";

/**
 * The names of a byte-level vocabulary's pre-tokeniser that files can have, the likeliest first: a list that llama.cpp fixes, with
 * the patterns that it has for them. A tokenizer with a rule of its own fits none.
 */
export const preTokenizers: Readonly<Record<string, PreTokenizer>> = {
  qwen2: { patterns: [tiktoken("\\p{N}")], ignoresMerges: false },
  "llama-bpe": { patterns: [tiktoken("\\p{N}{1,3}")], ignoresMerges: true },
  "chatglm-bpe": { patterns: [tiktoken("\\p{N}{1,3}")], ignoresMerges: false },
  qwen35: {
    patterns: [
      `${contractions}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
    ],
    ignoresMerges: false,
  },
  "deepseek-v3": {
    patterns: [
      "\\p{N}{1,3}",
      "[一-龥぀-ゟ゠-ヿ]+",
      "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    ],
    ignoresMerges: false,
  },
  "deepseek-coder": {
    patterns: ["[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+", "\\p{N}"],
    ignoresMerges: false,
  },
  "gpt-2": { patterns: [gpt2], ignoresMerges: false },
  smollm: { patterns: ["\\p{N}", gpt2], ignoresMerges: false },
};

/** The part of a tokenizer.json that cuts texts as llama.cpp does under a name. */
export function preTokenizerJson({ patterns }: PreTokenizer): Readonly<Record<string, unknown>> {
  return {
    type: "Sequence",
    pretokenizers: [
      ...patterns.map((Regex) => ({
        type: "Split",
        pattern: { Regex },
        behavior: "Isolated",
        invert: false,
      })),
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    ],
  };
}
