import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { conversationOf, parseRow, readRecords, readRows, RowError } from "../index.js";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/rows/${name}`, import.meta.url));
const turns = (value: unknown): unknown => conversationOf(parseRow(value))?.messages;
const user = (content: string): object => ({ role: "user", content });
const assistant = (content: string): object => ({ role: "assistant", content });

describe("shapes of other programs", () => {
  it("ShareGPT: conversations, with system and tools", async () => {
    const rows: unknown[] = [];
    for await (const { row } of readRows(fixture("sharegpt.jsonl"))) rows.push(conversationOf(row)?.messages);
    expect(rows).toEqual([
      [user("你好，请问几点开门？"), assistant("早上九点开门。")],
      [user("有停车场吗？"), assistant("有，地下一层。")],
      [user("谢谢"), assistant("不客气，再见！")],
    ]);
    const row = parseRow({
      id: 7,
      system: "s",
      tools: '[{"name":"f"}]',
      conversations: [
        { from: "human", value: "a" },
        { from: "function_call", value: '{"name":"f","arguments":{"x":1}}' },
        { from: "observation", value: "1" },
        { from: "gpt", value: "b" },
      ],
    });
    expect(row).toEqual({
      kind: "messages",
      tools: [{ name: "f" }],
      fields: { id: 7 },
      messages: [
        { role: "system", content: "s" },
        user("a"),
        {
          role: "assistant",
          content: null,
          tool_calls: [{ type: "function", function: { name: "f", arguments: { x: 1 } } }],
        },
        { role: "tool", content: "1" },
        assistant("b"),
      ],
    });
  });

  it("speakers of any name, in messages too, and bare lists of turns", () => {
    for (const [asks, replies] of [
      ["Human", "GPT"],
      ["用户", "客服"],
      ["customer", "agent"],
      ["prompter", "assistant"],
    ]) {
      const messages = [
        { role: asks, content: "a" },
        { role: replies, content: "b" },
      ];
      expect(turns({ messages })).toEqual([user("a"), assistant("b")]);
      expect(turns(messages)).toEqual([user("a"), assistant("b")]);
    }
    expect(() => parseRow({ messages: [{ role: "narrator", content: "a" }] })).toThrow(
      /messages\[0\]\.role.*"narrator"/,
    );
  });

  it("content in parts of text, and not in others", () => {
    const of = (content: unknown): unknown => ({ messages: [{ role: "user", content }, assistant("b")] });
    expect(turns(of([{ type: "text", text: "你" }, "好"]))).toEqual([user("你好"), assistant("b")]);
    expect(() => parseRow(of([{ type: "image_url" }]))).toThrow(
      /messages\[0\]\.content\[0\]": expected a part of text, got "image_url"/,
    );
  });

  it("Alpaca with a history", () => {
    const row = { instruction: "c", input: "d", output: "e", system: "s", history: [["a", "b"]] };
    expect(turns(row)).toEqual([
      { role: "system", content: "s" },
      user("a"),
      assistant("b"),
      user("c\nd"),
      assistant("e"),
    ]);
    expect(parseRow({ ...row, history: [] })).toMatchObject({
      kind: "pair",
      input: "c\nd",
      fields: { history: [] },
    });
    expect(() => parseRow({ ...row, history: ["a"] })).toThrow(RowError);
  });

  it("Firefly's exchanges", () => {
    const conversation = [
      { human: "a", assistant: "b" },
      { human: "c", assistant: "d" },
    ];
    expect(turns({ conversation })).toEqual([user("a"), assistant("b"), user("c"), assistant("d")]);
    expect(() => parseRow({ conversation: [...conversation, { human: "e" }] })).toThrow(RowError);
  });

  it.each([
    [{ question: "a", answer: "b" }],
    [{ query: "a", response: "b" }],
    [{ prompt: "a", response: "b" }],
    [{ Question: "a", Answer: "b" }],
    [{ 问题: "a", 回答: "b" }],
    [{ input: "a", golden: "b" }],
  ])("questions and answers named %j", (row) => {
    expect(parseRow({ ...row, id: 1 })).toEqual({ kind: "pair", input: "a", output: "b", fields: { id: 1 } });
  });

  it("nested Parquet, and rows of which all but one were refused for their dialect", async () => {
    const read: unknown[] = [];
    for await (const record of readRecords(fixture("nested.parquet"))) {
      if ("value" in record) read.push(record.value);
    }
    expect(read.length).toBeGreaterThan(2);
    expect(parseRow(read[0]).kind).toBe("messages");
    // The third has a reply of nothing, which calls no tool.
    expect(() => parseRow(read[2])).toThrow(/messages\[1\]\.content": expected a string, got null/);
    const lines = readFileSync(fixture("all-refused.jsonl"), "utf8").trim().split("\n");
    const refused = lines.flatMap((line, index) => {
      try {
        parseRow(JSON.parse(line));
        return [];
      } catch (error) {
        return [[index + 1, (error as RowError).reason]];
      }
    });
    expect(refused).toEqual([[2, expect.stringContaining('at least one turn with the role "assistant"')]]);
  });
});
