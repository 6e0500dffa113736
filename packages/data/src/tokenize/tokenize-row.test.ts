import { describe, expect, it } from "vitest";
import {
  characterTokenizer,
  distillTemplate,
  encodeCharacters,
  marked,
  plainTemplate,
  qwen3Template,
} from "../../testing/tokenizers.js";
import { forSeeds } from "../../testing/seeded-random.js";
import {
  parseRow,
  tokenizeRow,
  UNSCORED,
  type ChatMessage,
  type RowTokenizer,
  type TokenizedRow,
  type TokenizeRowOptions,
} from "../index.js";

const tokenize = (
  value: unknown,
  tokenizer: RowTokenizer | null,
  options?: TokenizeRowOptions,
): TokenizedRow => tokenizeRow(parseRow(value), tokenizer, options);

const user = (content: string): ChatMessage => ({ role: "user", content });
const assistant = (content: string): ChatMessage => ({ role: "assistant", content });

describe("with a chat template that never rewrites", () => {
  const tokenizer = characterTokenizer(plainTemplate);

  it("scores the reply of a pair and the end token", () => {
    expect(marked(tokenize({ input: "q", output: "a" }, tokenizer))).toBe(
      "<begin><User>q<Assistant>[a<end>]",
    );
    expect(marked(tokenize({ input: "q", output: "a", system: "s" }, tokenizer))).toBe(
      "<begin>s<User>q<Assistant>[a<end>]",
    );
  });

  it("scores every reply of a dialogue and drops what follows the last", () => {
    const messages = [user("q"), assistant("a"), user("r"), assistant("b"), user("dropped")];
    const row = tokenize({ messages }, tokenizer);
    expect(marked(row)).toBe("<begin><User>q<Assistant>[a<end>]<User>r<Assistant>[b<end>]");
    expect(row.unlabelledTurns).toBe(0);
  });

  it("scores a reply that opens the dialogue", () => {
    expect(marked(tokenize({ messages: [assistant("hi"), user("q"), assistant("a")] }, tokenizer))).toBe(
      "<begin><Assistant>[hi<end>]<User>q<Assistant>[a<end>]",
    );
  });

  it("gives, before each reply, the very ids that generation is given", () => {
    forSeeds(100, (random) => {
      const text = (): string => random.text(["a", "b", " ", "。", "<", "😀"], 5);
      const messages = Array.from({ length: random.integer(1, 4) }, () => [
        user(text()),
        assistant(`${text()}x`),
      ]).flat();
      const { inputIds, labels } = tokenize({ messages }, tokenizer);
      for (const [index, { role, content }] of messages.entries()) {
        if (role !== "assistant") continue;
        const prompt = encodeCharacters(plainTemplate(messages.slice(0, index), true));
        const reply = encodeCharacters(`${content}<end>`);
        expect([...inputIds.slice(0, prompt.length)]).toEqual(prompt);
        expect(labels[prompt.length - 1]).toBe(UNSCORED);
        expect([...labels.slice(prompt.length, prompt.length + reply.length)]).toEqual(reply);
      }
      const scored = labels.reduce((count, label) => count + (label === UNSCORED ? 0 : 1), 0);
      const replies = messages.filter(({ role }) => role === "assistant");
      expect(scored).toBe(
        replies.reduce((count, { content }) => count + encodeCharacters(content ?? "").length + 1, 0),
      );
    });
  });
});

describe("with the template of a reasoning model's distill", () => {
  const tokenizer = characterTokenizer(distillTemplate);

  it("finds replies though the prompt opens a thought that they lack", () => {
    const row = tokenize({ messages: [user("q"), assistant("a"), user("r"), assistant("b")] }, tokenizer);
    expect(marked(row)).toBe("<begin><User>q<Assistant>[a<end>]<User>r<Assistant>[b<end>]");
    expect(row.unlabelledTurns).toBe(0);
  });

  it.each(["<b>bold</b>", "<thi", "a", "b", "<"])(
    "finds where a reply begins that looks like the prompt's rest: %s",
    (reply) => {
      expect(marked(tokenize({ input: "q", output: reply }, tokenizer))).toBe(
        `<begin><User>q<Assistant>[${reply}<end>]`,
      );
    },
  );

  it("keeps the reasoning of the last reply, which the template would drop", () => {
    const row = tokenize({ input: "1+1", output: "<think>\nadd\n</think>\n\n2" }, tokenizer);
    expect(marked(row)).toBe("<begin><User>1+1<Assistant><think>\n[add\n</think>\n\n2<end>]");
    expect(row.unlabelledTurns).toBe(0);
  });

  it("keeps a reasoning that was cut before an answer, and ends it", () => {
    expect(marked(tokenize({ input: "q", output: "<think>\nhm\n</think>" }, tokenizer))).toBe(
      "<begin><User>q<Assistant><think>\n[hm\n</think><end>]",
    );
  });

  it("does not score an earlier reply without its reasoning, and counts it", () => {
    const reasoned = [
      user("q"),
      assistant("<think>\nx\n</think>\n\na"),
      user("r"),
      assistant("<think>\ny\n</think>\n\nb"),
    ];
    const row = tokenize({ messages: reasoned }, tokenizer);
    expect(marked(row)).toBe(
      "<begin><User>q<Assistant>\n\na<end><User>r<Assistant><think>\n[y\n</think>\n\nb<end>]",
    );
    expect(row.unlabelledTurns).toBe(1);
  });
});

describe("with a template that rewrites earlier turns", () => {
  const tokenizer = characterTokenizer(qwen3Template, "<|im_end|>");

  it("scores the reply with its reasoning up to the end token, not the line feed behind it", () => {
    expect(marked(tokenize({ input: "q", output: "<think>\nx\n</think>\n\na" }, tokenizer))).toBe(
      "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n[<think>\nx\n</think>\n\na<|im_end|>]\n",
    );
  });

  it("scores only turns that stand as generation would have put them, and counts the others", () => {
    const row = tokenize(
      { messages: [user("q"), assistant("<think>\nx\n</think>\n\na"), user("r"), assistant("b")] },
      tokenizer,
    );
    expect(marked(row)).toBe(
      "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n" +
        "<|im_start|>user\nr<|im_end|>\n<|im_start|>assistant\n[<think>\n\n</think>\n\nb<|im_end|>]\n",
    );
    expect(row.unlabelledTurns).toBe(1);
  });

  it("appends the end token where the template has another one", () => {
    const base = characterTokenizer(qwen3Template, "<end>");
    expect(marked(tokenize({ input: "q", output: "a" }, base))).toMatch(/a<\|im_end\|>\n<end>\]$/);
  });

  it("names the template when that refuses the dialogue", () => {
    const strict = characterTokenizer(() => {
      throw new Error("roles must alternate");
    });
    expect(() => tokenize({ input: "q", output: "a" }, strict)).toThrow(
      /chat template refuses the dialogue: roles must alternate/,
    );
  });
});

describe("without a chat template", () => {
  const tokenizer = characterTokenizer();

  it("puts a line feed after what is given and the end token after replies", () => {
    expect(marked(tokenize({ input: "q", output: "a" }, tokenizer))).toBe("<begin>q\n[a<end>]");
    expect(
      marked(
        tokenize(
          {
            messages: [
              { role: "system", content: "s" },
              user("q"),
              assistant("a"),
              user("r"),
              assistant("b"),
            ],
          },
          tokenizer,
        ),
      ),
    ).toBe("<begin>s\nq\n[a<end>]r\n[b<end>]");
  });

  it("parts turns by a line feed when there is no end token", () => {
    const endless = { ...tokenizer, endOfSequenceId: null };
    expect(
      marked(tokenize({ messages: [user("q"), assistant("a"), user("r"), assistant("b")] }, endless)),
    ).toBe("<begin>q\n[a\n]r\n[b]");
  });
});

describe("raw rows", () => {
  // A template must not touch them.
  const tokenizer = characterTokenizer(plainTemplate);

  it("scores the completion", () => {
    expect(marked(tokenize({ prompt: "p ", completion: " c" }, tokenizer))).toBe("<begin>p [ c<end>]");
  });

  it("refuses a completion that was judged bad, and scores one that was judged good", () => {
    const row = { prompt: "p", completion: "c" };
    expect(marked(tokenize({ ...row, label: true }, tokenizer))).toBe(marked(tokenize(row, tokenizer)));
    expect(() => tokenize({ ...row, label: false }, tokenizer)).toThrow("label false");
  });

  it("scores all of a text but the first token", () => {
    expect(marked(tokenize({ text: "abc" }, tokenizer))).toBe("<begin>[abc<end>]");
    const bare = { ...tokenizer, encode: (text: string) => encodeCharacters(text), endOfSequenceId: null };
    expect(marked(tokenize({ text: "abc" }, bare))).toBe("a[bc]");
  });

  it("adds no second end token and takes it off a prompt", () => {
    const closing: RowTokenizer = {
      ...tokenizer,
      encode: (text, options) => [
        ...encodeCharacters(text),
        ...(options?.addSpecialTokens === true ? [1] : []),
      ],
    };
    expect(marked(tokenize({ text: "abc" }, closing))).toBe("a[bc<end>]");
    expect(marked(tokenize({ prompt: "p", completion: "c" }, closing))).toBe("p[c<end>]");
  });

  it("takes labels of tokenised rows as they are, the first one apart, without a tokenizer", () => {
    const { inputIds, labels } = tokenize({ input_ids: [5, 6, 7], labels: [5, -100, 9] }, null);
    expect([...inputIds]).toEqual([5, 6, 7]);
    expect([...labels]).toEqual([UNSCORED, UNSCORED, 9]);
  });

  it("says that other rows need a tokenizer", () => {
    expect(() => tokenize({ text: "abc" }, null)).toThrow(/a text row needs a tokenizer/);
  });
});

describe("maxTokens", () => {
  const tokenizer = characterTokenizer(plainTemplate);
  const row = { input: "qqq", output: "aaa" }; // 6 tokens of prompt, 4 of reply

  it("cuts the end off while a scored token is left", () => {
    expect(tokenize(row, tokenizer, { maxTokens: 10 }).truncated).toBe(false);
    const cut = tokenize(row, tokenizer, { maxTokens: 7 });
    expect(cut.truncated).toBe(true);
    expect(marked(cut)).toBe("<begin><User>qqq<Assistant>[a]");
  });

  it("reports a row whose reply begins after the limit", () => {
    expect(() => tokenize(row, tokenizer, { maxTokens: 6 })).toThrow(
      expect.objectContaining({ name: "UnscoredRowError", tokens: 10, maxTokens: 6 }),
    );
  });

  it("reports a row without any scored token", () => {
    expect(() => tokenize({ input_ids: [1, 2], labels: [1, -100] }, null)).toThrow(
      expect.objectContaining({ name: "UnscoredRowError", maxTokens: null }),
    );
    expect(() => tokenize({ input_ids: [] }, null)).toThrow(/none of the 0 tokens is scored/);
  });

  it.each([1, 0, 2.5, Number.NaN])("refuses %d", (maxTokens) => {
    expect(() => tokenize(row, tokenizer, { maxTokens })).toThrow(
      "option maxTokens: expected a whole number of at least 2",
    );
  });
});
