import { describe, expect, it } from "vitest";
import { forSeeds } from "../../testing/seeded-random.js";
import {
  characterTokenizer,
  decodeCharacters,
  distillTemplate,
  marked,
  plainTemplate,
  qwen3Template,
} from "../../testing/tokenizers.js";
import {
  encodeConversation,
  OVERLONG_POLICIES,
  parseRow,
  REASONING_POLICIES,
  tokenizeRows,
  UNSCORED,
  UnscoredRowError,
  type ChatMessage,
  type RowTokenizer,
  type TokenizeOptions,
} from "../index.js";

const user = (content: string): ChatMessage => ({ role: "user", content });
const assistant = (content: string, more: object = {}): ChatMessage => ({
  role: "assistant",
  content,
  ...more,
});
const learnt = (value: unknown, tokenizer: RowTokenizer, options: TokenizeOptions = {}): string[] =>
  tokenizeRows(parseRow(value), tokenizer, options).map(marked);

const plain = characterTokenizer(plainTemplate);
const bare = characterTokenizer();
const distill = characterTokenizer(distillTemplate);
const qwen3 = characterTokenizer(qwen3Template, "<|im_end|>");
const turns = [user("q"), assistant("a"), user("r"), assistant("b")];

describe("turns that are learnt", () => {
  it("are the last one alone where that is asked for", () => {
    expect(learnt({ messages: turns }, plain, { lossOn: "last" })).toEqual([
      "<begin><User>q<Assistant>a<end><User>r<Assistant>[b<end>]",
    ]);
    expect(learnt({ messages: turns }, bare, { lossOn: "last" })).toEqual(["<begin>q\na<end>r\n[b<end>]"]);
  });

  it.each([{ train: false }, { weight: 0 }])("are not those with %j, which stay in the text", (more) => {
    const messages = [user("q"), assistant("a", more), user("r"), assistant("b", { train: true, weight: 1 })];
    expect(learnt({ messages }, plain)).toEqual([
      "<begin><User>q<Assistant>a<end><User>r<Assistant>[b<end>]",
    ]);
    expect(learnt({ messages }, bare)).toEqual(["<begin>q\na<end>r\n[b<end>]"]);
  });

  it("end with the last that is learnt", () => {
    const messages = [user("q"), assistant("a"), user("r"), assistant("b", { train: false })];
    expect(learnt({ messages }, plain)).toEqual(["<begin><User>q<Assistant>[a<end>]"]);
    expect(learnt({ messages }, bare)).toEqual(["<begin>q\n[a<end>]"]);
  });

  it("must be some", () => {
    const messages = [user("q"), assistant("a"), user("r"), assistant("b", { train: false })];
    expect(() => learnt({ messages }, plain, { lossOn: "last" })).toThrow(UnscoredRowError);
  });

  it("are told to no template", () => {
    const seen: ChatMessage[] = [];
    const spying = characterTokenizer((messages, generate) => {
      seen.push(...messages);
      return plainTemplate(messages, generate);
    });
    learnt(
      { messages: [user("q"), assistant("a", { weight: 0, name: "x" }), user("r"), assistant("b")] },
      spying,
    );
    expect(seen.filter((message) => "weight" in message || "train" in message)).toEqual([]);
    expect(seen.some(({ name }) => name === "x")).toBe(true);
  });

  it("are found where the template says what is generated, several stretches a turn", () => {
    const marking: RowTokenizer = {
      ...plain,
      renderChat(messages, { addGenerationPrompt, onGenerated }) {
        let text = "<begin>";
        const spans: [number, number][] = [];
        for (const { role, content } of messages) {
          text += role === "user" ? "<User>" : "<Assistant>";
          for (const half of role === "assistant" ? content!.split("|") : [content ?? ""]) {
            if (role === "assistant") spans.push([text.length, text.length + half.length]);
            text += `${half};`;
          }
        }
        onGenerated?.(spans);
        return text + (addGenerationPrompt ? "<Assistant>" : "");
      },
    };
    const messages = [user("q"), assistant("a|b"), user("r"), assistant("c|d")];
    expect(learnt({ messages }, marking)).toEqual([
      "<begin><User>q;<Assistant>[a];[b];<User>r;<Assistant>[c];[d];[<end>]",
    ]);
    expect(learnt({ messages }, marking, { lossOn: "last" })).toEqual([
      "<begin><User>q;<Assistant>a;b;<User>r;<Assistant>[c];[d];[<end>]",
    ]);
  });

  it.each([
    ["train", "no", 'key "messages[1].train": expected true or false, got a string'],
    ["weight", 0.5, 'key "messages[1].weight": expected 0 or 1, got 0.5'],
  ])("are refused where %s is %j", (key, value, message) => {
    expect(() => parseRow({ messages: [user("q"), assistant("a", { [key]: value })] })).toThrow(message);
  });
});

describe("reasoning", () => {
  const row = { input: "q", output: "<think>\nx\n</think>\n\na" };
  const [head, after] = ["<begin><User>q<Assistant>", "</think>\n\n"];

  it.each([
    ["keep", `${head}<think>\n[x\n${after}a<end>]`, `${head}[<think>\nx\n${after}a<end>]`],
    ["mask", `${head}<think>\nx\n${after}[a<end>]`, `${head}<think>\nx\n${after}[a<end>]`],
    ["empty", `${head}<think>\n[\n${after}a<end>]`, `${head}[<think>\n\n${after}a<end>]`],
    ["strip", `${head}[a<end>]`, `${head}[a<end>]`],
  ] as const)(
    "%s: with a template that opens it, and with one that knows nothing of it",
    (reasoning, r1, other) => {
      expect(learnt(row, distill, { reasoning })).toEqual([r1]);
      expect(learnt(row, plain, { reasoning })).toEqual([other]);
    },
  );

  it.each([
    ["keep", "[<think>\nx\n</think>\n\na<|im_end|>]\n"],
    ["mask", "<think>\nx\n</think>\n\n[a<|im_end|>]\n"],
    ["empty", "[<think>\n\n</think>\n\na<|im_end|>]\n"],
  ] as const)("%s with Qwen3's template", (reasoning, reply) => {
    expect(learnt(row, qwen3, { reasoning })).toEqual([
      `<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n${reply}`,
    ]);
  });

  it("is read of reasoning_content, which R1's template does not know", () => {
    const messages = [user("q"), assistant("a", { reasoning_content: "x" })];
    expect(learnt({ messages }, distill)).toEqual([`${head}<think>\n[x\n${after}a<end>]`]);
    expect(learnt({ messages }, distill, { reasoning: "strip" })).toEqual([`${head}[a<end>]`]);
  });

  it("is read where the reply does not write its beginning, as R1 itself does not", () => {
    const opened = { input: "q", output: "x\n</think>\n\na" };
    expect(learnt(opened, distill)).toEqual([`${head}<think>\n[x\n${after}a<end>]`]);
    expect(learnt(opened, plain, { reasoning: "strip" })).toEqual([`${head}[a<end>]`]);
  });

  it("is a block of its own that a reply without any gets, too", () => {
    expect(learnt({ input: "q", output: "a" }, distill, { reasoning: "empty" })).toEqual([
      `${head}<think>\n[\n${after}a<end>]`,
    ]);
    expect(learnt({ input: "q", output: "a" }, bare, { reasoning: "empty" })).toEqual([
      `<begin>q\n[<think>\n\n${after}a<end>]`,
    ]);
  });

  it("that never ends leaves nothing to learn but itself", () => {
    const cut = { input: "q", output: "<think>\nx" };
    expect(learnt(cut, plain)).toEqual([`${head}[<think>\nx<end>]`]);
    for (const reasoning of ["mask", "empty", "strip"] as const)
      expect(() => learnt(cut, plain, { reasoning })).toThrow(UnscoredRowError);
  });

  it("is counted", () => {
    const messages = [user("q"), assistant("<think>x</think>a"), user("r"), assistant("b")];
    const count = (reasoning: TokenizeOptions["reasoning"]): number =>
      tokenizeRows(parseRow({ messages }), plain, { reasoning: reasoning! })[0].reasoningTurns;
    expect(REASONING_POLICIES.map(count)).toEqual([1, 1, 2, 1]);
  });

  it("a prompt begins the row that was learnt under the same policy", () => {
    for (const tokenizer of [plain, distill, bare])
      for (const reasoning of REASONING_POLICIES) {
        const given = [user("q")];
        const prompt = encodeConversation({ messages: given }, tokenizer, {
          addGenerationPrompt: true,
          reasoning,
        });
        const messages = [...given, assistant("<think>\nx\n</think>\n\na")];
        const [{ inputIds }] = tokenizeRows(parseRow({ messages }), tokenizer, { reasoning });
        expect(decodeCharacters(inputIds.slice(0, prompt.inputIds.length))).toBe(
          decodeCharacters(prompt.inputIds),
        );
      }
  });
});

describe("a row of more tokens than the limit", () => {
  const row = { input: "qqq", output: "aaa" }; // <begin><User>qqq<Assistant> and aaa<end>

  it.each([
    ["cut-right", "<begin><User>qqq<Assistant>[a]"],
    ["cut-left", "<begin>q<Assistant>[aaa<end>]"],
    ["cut-middle", "<begin><User>qa[aa<end>]"],
    ["split-turns", "<begin>q<Assistant>[aaa<end>]"],
  ] as const)("%s", (overlong, expected) => {
    const [cut, ...others] = tokenizeRows(parseRow(row), plain, { maxTokens: 7, overlong });
    expect(others).toEqual([]);
    expect(cut.truncated).toBe(true);
    expect(marked(cut)).toBe(expected);
  });

  it.each(["drop", "error"] as const)("%s refuses it with its length", (overlong) => {
    expect(() => learnt(row, plain, { maxTokens: 9, overlong })).toThrow(
      expect.objectContaining({ name: "OverlongRowError", tokens: 10, maxTokens: 9 }),
    );
    expect(learnt(row, plain, { maxTokens: 10, overlong })).toHaveLength(1);
  });

  it("falls into whole exchanges, each after the system message", () => {
    const messages = [{ role: "system", content: "s" }, ...turns, user("tt"), assistant("c")];
    const options = { overlong: "split-turns", maxTokens: 12 } as const;
    const rows = tokenizeRows(parseRow({ messages }), plain, options);
    expect(rows.map(marked)).toEqual([
      "<begin>s<User>q<Assistant>[a<end>]<User>r<Assistant>[b<end>]",
      "<begin>s<User>tt<Assistant>[c<end>]",
    ]);
    expect(rows.some(({ truncated }) => truncated)).toBe(false);
    expect(learnt({ messages }, plain, { ...options, lossOn: "last" })).toEqual([
      "<begin>s<User>tt<Assistant>[c<end>]",
    ]);
  });

  it("keeps its weight", () => {
    expect(tokenizeRows(parseRow({ ...row, weight: "0.5" }), plain, { maxTokens: 7 })[0].weight).toBe(0.5);
  });

  it("is never left without a label, nor longer, whatever the policy, and labels are as many as ids", () => {
    forSeeds(300, (random) => {
      const text = (): string => random.text(["a", "b", " ", "。", "<think>x</think>"], 6);
      const messages = Array.from({ length: random.integer(1, 4) }, () => [
        user(text()),
        assistant(`${text()}x`, random.integer(0, 3) === 0 ? { train: false } : {}),
      ]).flat();
      const maxTokens = random.integer(2, 30);
      const overlong = OVERLONG_POLICIES[random.integer(0, OVERLONG_POLICIES.length - 1)];
      const reasoning = REASONING_POLICIES[random.integer(0, REASONING_POLICIES.length - 1)];
      const lossOn = random.integer(0, 1) === 0 ? "all" : "last";
      const tokenizer = [plain, distill, bare][random.integer(0, 2)];
      try {
        const rows = tokenizeRows(parseRow({ messages }), tokenizer, {
          maxTokens,
          overlong,
          reasoning,
          lossOn,
        });
        for (const { inputIds, labels } of rows) {
          expect(labels).toHaveLength(inputIds.length);
          expect(inputIds.length).toBeLessThanOrEqual(maxTokens);
          expect(labels.some((label) => label !== UNSCORED)).toBe(true);
          expect(labels[0]).toBe(UNSCORED);
          marked({ inputIds, labels });
          if (overlong !== "cut-right") expect(labels.at(-1)).toBe(tokenizer.endOfSequenceId);
        }
      } catch (error) {
        expect((error as Error).name).toMatch(/^(UnscoredRowError|OverlongRowError)$/);
      }
    });
  });
});

describe("the weight of a row", () => {
  it("is a number from 0; a row of weight 0 teaches nothing", () => {
    expect(tokenizeRows(parseRow({ input: "q", output: "a" }), plain)[0].weight).toBe(1);
    expect(tokenizeRows(parseRow({ input: "q", output: "a", weight: 2.5 }), plain)[0].weight).toBe(2.5);
    expect(() => learnt({ input: "q", output: "a", weight: 0 }, plain)).toThrow(UnscoredRowError);
  });

  it.each([-1, "heavy", true, [1]])("is refused where it is %j", (weight) => {
    expect(() => parseRow({ input: "q", output: "a", weight })).toThrow(
      /key "weight": expected a number from 0/,
    );
  });
});
