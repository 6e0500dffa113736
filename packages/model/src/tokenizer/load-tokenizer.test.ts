import { isInputError, sayPhrase } from "@lathe/files";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TokenizerError } from "../errors.js";
import { checkTokenizerFits } from "./check-tokenizer-fits.js";
import { loadTokenizer } from "./load-tokenizer.js";
import type { Tokenizer } from "./tokenizer.js";

const stories = JSON.parse(
  await readFile(new URL("../../fixtures/stories260k/tokenizer.json", import.meta.url), "utf8"),
) as { added_tokens: Record<string, unknown>[]; model: { vocab: Record<string, unknown> } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "load-tokenizer-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const write = (name: string, value: unknown) =>
  writeFile(join(folder, name), typeof value === "string" ? value : JSON.stringify(value));

/** Loads the stories tokenizer with this tokenizer_config.json. */
async function loadWith(config: unknown, json: unknown = stories): Promise<Tokenizer> {
  await write("tokenizer.json", json);
  await write("tokenizer_config.json", config);
  return (await loadTokenizer(folder))!;
}

/** What tokenising rows asks of a tokenizer; packages that must not depend on this one declare it like this. */
interface RowTokenizer {
  encode(text: string, options?: { addSpecialTokens?: boolean }): number[];
  renderChat?(
    messages: { role: string; content: string }[],
    options: { addGenerationPrompt: boolean },
  ): string;
  readonly beginOfSequenceId: number | null;
  readonly endOfSequenceId: number | null;
}

it("serves where an object to tokenise rows is wanted", async () => {
  const rowTokenizer: RowTokenizer = await loadWith({
    bos_token: "<s>",
    chat_template: "{{ messages[0].content }}",
  });
  const text = rowTokenizer.renderChat!([{ role: "user", content: "hi" }], { addGenerationPrompt: false });
  expect([text, rowTokenizer.beginOfSequenceId, rowTokenizer.endOfSequenceId]).toEqual(["hi", 1, null]);
});

it("a folder without tokenizer.json has no tokenizer", async () => {
  await write("tokenizer_config.json", { bos_token: "<s>" });
  expect(await loadTokenizer(folder)).toBeNull();
});

it("tokenizer.json alone is enough, and needs no optional parts", async () => {
  await write("tokenizer.json", {
    model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: [["a", "b"]] },
  });
  const tokenizer = (await loadTokenizer(folder))!;
  expect(tokenizer.encode("abba")).toEqual([2, 1, 0]);
  expect(tokenizer).toMatchObject({ vocabularySize: 3, beginOfSequenceId: null, endOfSequenceId: null });
  expect(tokenizer.specialTokensIn("a</s>")).toEqual([]);
});

describe("special tokens", () => {
  it("come as text or as objects, from special_tokens_map.json where the config is silent", async () => {
    await write("special_tokens_map.json", {
      bos_token: "</s>",
      eos_token: { content: "</s>", lstrip: false },
    });
    const tokenizer = await loadWith({ bos_token: { content: "<s>" } });
    expect([tokenizer.beginOfSequenceId, tokenizer.endOfSequenceId]).toEqual([1, 2]);
  });

  it("are none where the config says null or names no token of the vocabulary", async () => {
    await write("special_tokens_map.json", { bos_token: "<s>" });
    const tokenizer = await loadWith({ bos_token: null, eos_token: "<|nowhere|>" });
    expect([tokenizer.beginOfSequenceId, tokenizer.endOfSequenceId]).toEqual([null, null]);
  });

  it.each<[Record<string, unknown>, number[]]>([
    [{}, [1, 403]],
    [{ add_bos_token: true }, [1, 403]],
    [{ add_bos_token: false }, [403]],
    [{ add_eos_token: true }, [403, 2]],
    [{ add_bos_token: true, add_eos_token: true }, [1, 403, 2]],
    [{ add_bos_token: true, bos_token: null }, [403]],
  ])("frame a text as %j says", async (config, expected) => {
    const tokenizer = await loadWith({ bos_token: "<s>", eos_token: "</s>", ...config });
    expect(tokenizer.encode("Once")).toEqual([
      ...expected.slice(0, expected.indexOf(403)),
      ...tokenizer.encode("Once", { addSpecialTokens: false }),
      ...expected.slice(expected.indexOf(403) + 1),
    ]);
  });
});

it("a file cut short anywhere is one sentence with its path", async () => {
  const text = JSON.stringify(stories);
  for (let part = 0; part < 20; part++) {
    await write("tokenizer.json", text.slice(0, Math.floor((text.length * part) / 20)));
    const error: unknown = await loadTokenizer(folder).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(TokenizerError);
    expect((error as TokenizerError).message).toMatch(/^[^\n]*tokenizer\.json: expected JSON[^\n]*$/);
  }
});

it("decodes no ids, unknown ids and byte-order marks", async () => {
  const tokenizer = await loadWith({});
  expect(tokenizer.decode([])).toBe("");
  expect(tokenizer.decode([511, 512, 100_000])).toBe(tokenizer.decode([511]));
  const text = "a\u{feff}\u{feff}b";
  expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
});

describe("chat templates", () => {
  const messages = [{ role: "user", content: "hi" }];

  it("see the variables of Transformers", async () => {
    const chat_template =
      "{{ bos_token }}|{{ eos_token }}|{{ 'no tools' if tools is none }}|{{ 'no documents' if documents is none }}|" +
      "{{ 'no unk' if unk_token is not defined }}|" +
      "{{ messages[0].content }}|{{ 'prompt' if add_generation_prompt }}|{{ thinking }}";
    const tokenizer = await loadWith({ bos_token: "<s>", eos_token: "</s>", chat_template });
    const text = tokenizer.renderChat!(messages, { addGenerationPrompt: true, thinking: 3 });
    expect(text).toBe("<s>|</s>|no tools|no documents|no unk|hi|prompt|3");
  });

  it("drop the line break after a block and the blanks before it", async () => {
    const chat_template = "{% for m in messages %}\n  {% if true %}\nx\n  {% endif %}\n{% endfor %}\n";
    const tokenizer = await loadWith({ chat_template });
    expect(tokenizer.renderChat!(messages, { addGenerationPrompt: false })).toBe("x\n");
  });

  it("take messages as data: a message that holds a template is printed, not rendered", async () => {
    const tokenizer = await loadWith({ chat_template: "{{ messages[0].content }}" });
    const content = "{{ 1 + 1 }}{% for x in y %}";
    expect(tokenizer.renderChat!([{ role: "user", content }], { addGenerationPrompt: false })).toBe(content);
  });

  it("of several named ones is the default", async () => {
    const chat_template = [
      { name: "tool_use", template: "tools" },
      { name: "default", template: "plain" },
    ];
    const tokenizer = await loadWith({ chat_template });
    expect(tokenizer.renderChat!(messages, { addGenerationPrompt: false })).toBe("plain");
  });

  it("of named ones without a default is the only one, which is told; a mapping and an empty list load", async () => {
    await write("tokenizer.json", stories);
    const rendered = async (chat_template: unknown): Promise<[string | undefined, string[]]> => {
      await write("tokenizer_config.json", { chat_template });
      const told: string[] = [];
      const tokenizer = await loadTokenizer(folder, {
        onWarning: (warning) => told.push(sayPhrase(warning)),
      });
      return [tokenizer!.renderChat?.(messages, { addGenerationPrompt: false }), told];
    };
    const path = join(folder, "tokenizer_config.json");
    const note = `${path}: no chat template is named "default"; the only one, "rag", is taken`;
    expect(await rendered([{ name: "rag", template: "x" }])).toEqual(["x", [note]]);
    expect(await rendered({ rag: "x" })).toEqual(["x", [note]]);
    expect(await rendered({ rag: "x", default: "y" })).toEqual(["y", []]);
    expect(await rendered([])).toEqual([undefined, []]);
  });

  it("is refused at rendering where several have names and none is the default", async () => {
    const chat_template = ["rag", "tool_use"].map((name) => ({ name, template: name }));
    const tokenizer = await loadWith({ chat_template });
    expect(tokenizer.encode("a").length).toBeGreaterThan(0);
    expect(() => tokenizer.renderChat!(messages, { addGenerationPrompt: false })).toThrow(
      'expected one chat template, or one named "default", got "rag", "tool_use"; write the one that is meant to chat_template.jinja',
    );
  });

  it("that refuse messages or do not parse fail at rendering, by file and reason", async () => {
    const render = async (chat_template: string) => {
      const tokenizer = await loadWith({ chat_template });
      expect(tokenizer.hasChatTemplate).toBe(true);
      return tokenizer.renderChat!(messages, { addGenerationPrompt: true });
    };
    const refused = render("{{ raise_exception('roles must alternate') }}");
    await expect(refused).rejects.toThrow(TokenizerError);
    await expect(refused).rejects.toThrow(
      "tokenizer_config.json: expected messages that the chat template accepts, got its complaint “roles must alternate”",
    );
    await expect(render("{% if %}")).rejects.toThrow(
      "tokenizer_config.json: expected a chat template in Jinja, got one that does not parse",
    );
  });
});

describe("refuses", () => {
  it.each<[string, string, unknown, string]>([
    [
      "text that is no JSON",
      "tokenizer.json",
      "{",
      "tokenizer.json: expected JSON with a key in double quotes at line 1, column 2, got the end of the text",
    ],
    ["a list", "tokenizer.json", [], "tokenizer.json: expected a JSON object, got []"],
    ["no model", "tokenizer.json", {}, "expected a model with a vocabulary, got nothing"],
    ["an empty vocabulary", "tokenizer.json", { model: { vocab: {} } }, "expected a vocabulary with tokens"],
    [
      "an unknown kind of model",
      "tokenizer.json",
      { model: { type: "Magic", vocab: { a: 0 } } },
      'expected a tokenizer of kinds that are supported, got a complaint: no support for a model of type "Magic"',
    ],
    [
      "a negative id",
      "tokenizer.json",
      { model: { type: "BPE", vocab: { a: -1 }, merges: [] } },
      'expected token ids from 0 to 2147483647, got -1 for token "a"',
    ],
    [
      "an id beyond all",
      "tokenizer.json",
      { model: { type: "BPE", vocab: { a: 2 ** 31 }, merges: [] } },
      'got 2147483648 for token "a"',
    ],
    [
      "added tokens without id",
      "tokenizer.json",
      { ...stories, added_tokens: [{ content: "<x>" }] },
      'got nothing for token "<x>"',
    ],
    [
      "added tokens that are no list",
      "tokenizer.json",
      { ...stories, added_tokens: { a: 1 } },
      'expected added_tokens to be a list, got {"a":1}',
    ],
    [
      "an empty added token",
      "tokenizer.json",
      { ...stories, added_tokens: [{ id: 1, content: "" }] },
      "expected added_tokens with content and id",
    ],
    [
      "a normalizer that is a list",
      "tokenizer.json",
      { ...stories, normalizer: [] },
      "expected normalizer to be null or an object with a type, got []",
    ],
    [
      "a merge of tokens that are not there",
      "tokenizer.json",
      { model: { type: "BPE", vocab: { a: 0 }, merges: ["a b"] } },
      'expected merges of two tokens of the vocabulary, got "a b"',
    ],
    [
      "merges that are an object",
      "tokenizer.json",
      { model: { type: "BPE", vocab: { a: 0 }, merges: {} } },
      "expected merges to be a list, got {}",
    ],
    [
      "one id for two tokens",
      "tokenizer.json",
      { model: { type: "BPE", vocab: { a: 0, b: 0 }, merges: [] } },
      'expected an id of its own for token "b", got 0',
    ],
    ["a config that is no JSON", "tokenizer_config.json", "nope", "tokenizer_config.json: expected JSON"],
    [
      "a config that is a list",
      "tokenizer_config.json",
      [1],
      "tokenizer_config.json: expected a JSON object, got [1]",
    ],
    [
      "a template that is a number",
      "tokenizer_config.json",
      { chat_template: 3 },
      "expected chat_template to be text, or templates by their names, got 3",
    ],
    [
      "a template of great length",
      "tokenizer_config.json",
      { chat_template: "x".repeat(1_000_001) },
      "expected a chat_template of at most 1000000 bytes, got 1000001",
    ],
    [
      "a template file of great length",
      "chat_template.jinja",
      "x".repeat(1_000_001),
      "chat_template.jinja: expected a file of at most 1000000 bytes, got 1000001 bytes",
    ],
  ])("%s", async (_name, file, value, essential) => {
    await write("tokenizer.json", stories);
    await write(file, value);
    const error: unknown = await loadTokenizer(folder).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(TokenizerError);
    expect((error as TokenizerError).message).toContain(essential);
    expect(isInputError(error)).toBe(true);
  });

  it("a folder that is not there", async () => {
    await expect(loadTokenizer(join(folder, "absent"))).rejects.toThrow(
      "expected a model folder, got no such folder",
    );
  });
});

describe("a tokenizer for a model", () => {
  it("fits when every id has a row, also with rows to spare", async () => {
    const tokenizer = await loadWith({});
    expect(tokenizer.vocabularySize).toBe(512);
    expect(() => checkTokenizerFits(tokenizer, { vocabularySize: 512 })).not.toThrow();
    expect(() => checkTokenizerFits(tokenizer, { vocabularySize: 640 })).not.toThrow();
  });

  it("does not fit when an added token lies above the embedding", async () => {
    const added_tokens = [
      ...stories.added_tokens,
      { ...stories.added_tokens[0], id: 600, content: "<extra>" },
    ];
    const tokenizer = await loadWith({}, { ...stories, added_tokens });
    expect(() => checkTokenizerFits(tokenizer, { vocabularySize: 512 })).toThrow(
      "tokenizer.json: expected token ids below 512, the rows of the model's embedding, got ids up to 600; " +
        "tokenizer and model do not belong together",
    );
  });
});

it("any damage to tokenizer.json loads and encodes, or is one sentence with the file", async () => {
  const seed = Number(process.env["LATHE_TEST_SEED"] ?? 20_261_128);
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const whole = await readFile(new URL("../../fixtures/stories260k/tokenizer.json", import.meta.url));
  const values = ["null", "-1", "1e999", "[]", "{}", '""', "true", '"a"', '{"type":"None"}'];
  const text = whole.toString("utf8");
  const places = [...text.matchAll(/:\s*("(?:[^"\\]|\\.)*"|-?\d+|true|false|null)/g)];
  let refused = 0;
  for (let round = 0; round < 150; round++) {
    let bytes: Buffer = Buffer.from(whole);
    const kind = next(3);
    if (kind === 0) bytes[next(bytes.length)] ^= 1 << next(8);
    else if (kind === 1) bytes = bytes.subarray(0, next(bytes.length));
    else {
      const { 0: found, 1: value, index } = places[next(places.length)];
      const start = index + found.length - value.length;
      bytes = Buffer.from(
        text.slice(0, start) + values[next(values.length)] + text.slice(start + value.length),
      );
    }
    await writeFile(join(folder, "tokenizer.json"), bytes);
    try {
      const tokenizer = (await loadTokenizer(folder))!;
      const ids = tokenizer.encode("Once upon a time, 你好 <s> 3.5!");
      expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabularySize)).toBe(true);
      expect(typeof tokenizer.decode(ids)).toBe("string");
    } catch (error) {
      expect(error, `seed ${seed}, round ${round}`).toBeInstanceOf(TokenizerError);
      expect((error as Error).message, `seed ${seed}, round ${round}`).toMatch(
        /tokenizer\.json: expected [^\n]+$/,
      );
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(30);
}, 120_000);
