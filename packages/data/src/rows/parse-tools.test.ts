import { describe, expect, it } from "vitest";
import { parseRow, rowDigest, serializeRow, type RowError } from "../index.js";

const user = { role: "user", content: "q" };
const answer = { role: "assistant", content: "a" };
const call = { id: "c1", type: "function", function: { name: "f", arguments: '{"x": 1}' } };
const tool = { type: "function", function: { name: "f", parameters: { type: "object" } } };
const row = (further: object): unknown => ({ messages: [user, answer], ...further });
const digest = (value: unknown): string => rowDigest(parseRow(value)).join(",");

describe("tools of a row", () => {
  it("are a list, or the JSON text of one, of dialogues and pairs", () => {
    expect(parseRow(row({ tools: [tool] }))).toMatchObject({ tools: [tool], fields: {} });
    expect(parseRow(row({ tools: JSON.stringify([tool]) }))).toMatchObject({ tools: [tool], fields: {} });
    expect(parseRow({ input: "q", output: "a", tools: [tool] })).toMatchObject({
      kind: "pair",
      tools: [tool],
    });
    expect(parseRow(row({ tools: [] }))).toMatchObject({ tools: [] });
  });

  it.each([null, "", "  "])("are none for %j, which stays a field", (tools) => {
    const parsed = parseRow(row({ tools }));
    expect(parsed).not.toHaveProperty("tools");
    expect(parsed.fields).toEqual({ tools });
  });

  it.each([
    ['[{"type": "function"', "tools", /not valid JSON/],
    ['{"type": "function"}', "tools", /expected a list of objects.*got an object/],
    [7, "tools", /got a number/],
    [[tool, "f"], "tools[1]", /expected an object, got a string/],
    ['[{"__proto__": {}}]', "tools", /__proto__/],
  ])("are refused as %j", (tools, key, message) => {
    const parse = (): unknown => parseRow(row({ tools }), { file: "rows.jsonl", line: 3 });
    expect(parse).toThrow(
      expect.objectContaining({ key, place: { file: "rows.jsonl", line: 3 } }) as RowError,
    );
    expect(parse).toThrow(message);
  });

  it("tell rows apart that differ in nothing else", () => {
    const other = { ...tool, function: { name: "g" } };
    const digests = [
      row({}),
      row({ tools: [tool] }),
      row({ tools: [other] }),
      row({ tools: [tool, other] }),
    ].map(digest);
    expect(new Set(digests).size).toBe(4);
    expect(digest(row({ tools: JSON.stringify([tool]) }))).toBe(digests[1]);
    const pair = { input: "q", output: "a" };
    expect(digest({ ...pair, tools: [tool] })).not.toBe(digest(pair));
  });
});

describe("calls of tools", () => {
  const dialogue = (calling: object): unknown => ({
    messages: [
      { role: "system", content: "s" },
      user,
      calling,
      { role: "tool", tool_call_id: "c1", name: "f", content: "1" },
      { role: "tool", tool_call_id: "c2", name: "f", content: "2" },
      answer,
    ],
  });

  it.each([
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "assistant", tool_calls: [call] },
    { role: "assistant", tool_calls: JSON.stringify([call]) },
    {
      role: "assistant",
      content: null,
      tool_calls: [call, { ...call, id: "c2", function: { name: "f", arguments: { x: 1 } } }],
    },
    { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
    { role: "assistant", content: null, reasoning_content: "hm" },
  ])("keep null content: %j", (calling) => {
    const parsed = parseRow(dialogue(calling));
    expect(parsed).toMatchObject({ messages: [{}, {}, { content: null }, {}, {}, {}] });
    expect(parseRow(JSON.parse(JSON.stringify(serializeRow(parsed))))).toEqual(parsed);
  });

  it("round-trip with tools, names and annotations", () => {
    const calling = { role: "assistant", name: "bot", content: "ok", tool_calls: [call], note: { by: "x" } };
    const parsed = parseRow({ ...(dialogue(calling) as object), tools: [tool], category: "c" });
    expect(parseRow(JSON.parse(JSON.stringify(serializeRow(parsed))))).toEqual(parsed);
    expect(parsed).toMatchObject({
      messages: [{}, {}, calling, { name: "f", tool_call_id: "c1" }, {}, {}],
      fields: { category: "c" },
    });
  });

  it.each([
    [{ role: "assistant", content: null }, "messages[1].content"],
    [{ role: "assistant" }, "messages[1].content"],
    [{ role: "assistant", content: null, tool_calls: [] }, "messages[1].content"],
    [{ role: "user", content: null, tool_calls: [call] }, "messages[1].content"],
    [{ role: "assistant", content: null, tool_calls: '[{"id"' }, "messages[1].tool_calls"],
    [{ role: "assistant", content: "a", tool_calls: { id: 1 } }, "messages[1].tool_calls"],
    [{ role: "assistant", content: "a", tool_calls: ["f"] }, "messages[1].tool_calls[0]"],
  ])("are refused where nothing is said and nothing called: %j", (turn, key) => {
    expect(() => parseRow({ messages: [user, turn, answer] })).toThrow(
      expect.objectContaining({ key }) as RowError,
    );
  });

  it("tell rows apart by name and by content that is null or empty", () => {
    const rows = [
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "assistant", content: "", tool_calls: [call] },
      { role: "assistant", content: "", name: "x", tool_calls: [call] },
      { role: "assistant", content: null, function_call: { name: "f" } },
    ].map((calling) => digest(dialogue(calling)));
    expect(new Set(rows).size).toBe(4);
  });
});
