import { describe, expect, it } from "vitest";
import { forSeeds, type SeededRandom } from "../../testing/seeded-random.js";
import {
  characterTokenizer,
  distillTemplate,
  plainTemplate,
  qwen3Template,
} from "../../testing/tokenizers.js";
import {
  encodeConversation,
  encodeTextPrompt,
  tokenizeRow,
  UNSCORED,
  type ChatMessage,
  type RowTokenizer,
} from "../index.js";

const user = (content: string): ChatMessage => ({ role: "user", content });
const assistant = (content: string): ChatMessage => ({ role: "assistant", content });

/** A tokenizer whose tokens are runs of letters, so that where a text is parted decides which ids it has. */
function runTokenizer(base: RowTokenizer, endOfSequenceId = base.endOfSequenceId): RowTokenizer {
  const ids = new Map<string, number>();
  const idOf = (run: string): number => ids.get(run) ?? (ids.set(run, 5000 + ids.size), 4999 + ids.size);
  return {
    ...base,
    endOfSequenceId,
    encode: (text, options) => [
      ...(options?.addSpecialTokens === true ? [0] : []),
      ...(text.match(/<begin>|<end>|[a-z:\n ]+|[^]/gu) ?? []).map((run) => (run === "<end>" ? 1 : idOf(run))),
    ],
  };
}

/** A template without special tokens: only the parting of the text keeps turns and replies apart. */
const bareTemplate = (messages: readonly ChatMessage[], generate: boolean): string =>
  messages.map(({ role, content }) => `${role}: ${content ?? ""}\n`).join("") +
  (generate ? "assistant:" : "");

function randomDialogue(random: SeededRandom): ChatMessage[] {
  const text = (): string => random.text(["a", "b", " ", "\n", "。", "<", "😀"], 6);
  const system: ChatMessage[] = random.integer(0, 1) === 0 ? [] : [{ role: "system", content: text() }];
  const exchanges = Array.from({ length: random.integer(1, 4) }, () => [
    ...Array.from({ length: random.integer(1, 2) }, () => user(text())),
    assistant(`${text()}x`),
  ]);
  return [...system, ...exchanges.flat()];
}

describe("a dialogue that is trained and the same one held in a chat", () => {
  const tokenizers: Record<string, RowTokenizer> = {
    "a template": characterTokenizer(plainTemplate),
    "a template without special tokens": runTokenizer(characterTokenizer(bareTemplate)),
    "no template": characterTokenizer(),
    "no template, tokens over several letters": runTokenizer(characterTokenizer()),
    "no template and no end token": runTokenizer(characterTokenizer(), null),
  };

  it.each(Object.keys(tokenizers))("have the same ids with %s", (name) => {
    const tokenizer = tokenizers[name];
    forSeeds(100, (random) => {
      const messages = randomDialogue(random);
      const row = tokenizeRow({ kind: "messages", messages, fields: {} }, tokenizer);
      for (const [index, { role }] of messages.entries()) {
        if (role !== "assistant") continue;
        const turns = { messages: messages.slice(0, index) };
        const { inputIds } = encodeConversation(turns, tokenizer, { addGenerationPrompt: true });
        expect([...row.inputIds.subarray(0, inputIds.length)]).toEqual(inputIds);
        // The reply begins where the prompt ends.
        expect(row.labels[inputIds.length]).not.toBe(UNSCORED);
        if (inputIds.length > 1) expect(row.labels[inputIds.length - 1]).toBe(UNSCORED);
      }
    });
  });

  it("agree where the template strips the reasoning of earlier turns", () => {
    const messages = [
      user("q"),
      assistant("<think>\nx\n</think>\n\na"),
      user("r"),
      assistant("<think>\ny\n</think>\n\nb"),
    ];
    for (const [template, end] of [
      [distillTemplate, "<end>"],
      [qwen3Template, "<|im_end|>"],
    ] as const) {
      const tokenizer = characterTokenizer(template, end);
      const row = tokenizeRow({ kind: "messages", messages, fields: {} }, tokenizer);
      const { inputIds } = encodeConversation({ messages: messages.slice(0, 3) }, tokenizer, {
        addGenerationPrompt: true,
      });
      expect([...row.inputIds.subarray(0, inputIds.length)]).toEqual(inputIds);
    }
  });

  it("keeps turns after the last reply in a prompt, and takes a tokenizer's own end token off it", () => {
    const closing: RowTokenizer = {
      ...characterTokenizer(),
      encode: (text, options) => {
        const ids = characterTokenizer().encode(text, options);
        return options?.addSpecialTokens === true ? [...ids, 1] : ids;
      },
    };
    const prompt = encodeConversation({ messages: [user("q")] }, closing, { addGenerationPrompt: true });
    expect(prompt.inputIds).toEqual(characterTokenizer().encode("q\n", { addSpecialTokens: true }));
    expect(encodeTextPrompt("q", closing)).toEqual(
      characterTokenizer().encode("q", { addSpecialTokens: true }),
    );
  });
});

describe("tools", () => {
  const tools = [{ type: "function", function: { name: "f" } }];
  const calling: ChatMessage = {
    role: "assistant",
    content: null,
    tool_calls: [{ function: { name: "f", arguments: "{}" } }],
  };

  it("reach the template in rows and in prompts", () => {
    const seen: unknown[] = [];
    const tokenizer: RowTokenizer = {
      ...characterTokenizer(),
      renderChat: (messages, options) => {
        seen.push("tools" in options ? options.tools : "none");
        return plainTemplate(messages, options.addGenerationPrompt);
      },
    };
    const messages = [user("q"), assistant("a")];
    tokenizeRow({ kind: "messages", messages, tools, fields: {} }, tokenizer);
    tokenizeRow({ kind: "pair", input: "q", output: "a", tools, fields: {} }, tokenizer);
    encodeConversation({ messages: messages.slice(0, 1), tools }, tokenizer, { addGenerationPrompt: true });
    expect(new Set(seen)).toEqual(new Set([tools]));
    seen.length = 0;
    tokenizeRow({ kind: "messages", messages, tools: [], fields: {} }, tokenizer);
    expect(seen.every((value) => Array.isArray(value) && value.length === 0)).toBe(true);
    seen.length = 0;
    tokenizeRow({ kind: "messages", messages, fields: {} }, tokenizer);
    expect(new Set(seen)).toEqual(new Set(["none"]));
  });

  it("hands null content to the template as it is", () => {
    const tokenizer = characterTokenizer((messages, generate) =>
      plainTemplate(
        messages.map((message) => (message.content === null ? { ...message, content: "[call]" } : message)),
        generate,
      ),
    );
    const row = tokenizeRow(
      {
        kind: "messages",
        messages: [user("q"), calling, { role: "tool", content: "r" }, assistant("a")],
        fields: {},
      },
      tokenizer,
    );
    expect(row.labels.filter((label) => label !== UNSCORED)).toHaveLength(
      "[call]".length + 1 + "a".length + 1,
    );
  });

  it("are refused where no template says how they are written", () => {
    const tokenizer = characterTokenizer();
    const encode = (conversation: Parameters<typeof encodeConversation>[0]) => (): unknown =>
      encodeConversation(conversation, tokenizer, { addGenerationPrompt: true });
    expect(encode({ messages: [user("q")], tools })).toThrow(/key "tools": needs a chat template/);
    expect(encode({ messages: [user("q"), calling] })).toThrow(
      /key "messages\[1\]\.tool_calls": needs a chat template/,
    );
    expect(encode({ messages: [user("q")], tools: [] })).not.toThrow();
  });
});
