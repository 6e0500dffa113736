import { keepJsonForm } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { forSeeds, type SeededRandom } from "../../testing/seeded-random.js";
import { parseRow, serializeRow, type Row } from "../index.js";

describe("parseRow", () => {
  it.each<[string, unknown, Row]>([
    ["input and output", { input: "a", output: "b" }, { kind: "pair", input: "a", output: "b", fields: {} }],
    [
      "instruction and output, other fields kept",
      { instruction: "a", output: "b", dialogue: "d", turn: 3 },
      { kind: "pair", input: "a", output: "b", fields: { dialogue: "d", turn: 3 } },
    ],
    [
      "Alpaca's input goes on a line below the instruction",
      { instruction: "a", input: "x", output: "b", system: "s" },
      { kind: "pair", system: "s", input: "a\nx", output: "b", fields: {} },
    ],
    [
      "an empty Alpaca input and system add nothing",
      { instruction: "a", input: "", output: "b", system: "" },
      { kind: "pair", input: "a", output: "b", fields: {} },
    ],
    [
      "an empty instruction adds no line",
      { instruction: "", input: "x", output: "b" },
      { kind: "pair", input: "x", output: "b", fields: {} },
    ],
    [
      "null counts as absent",
      { instruction: null, input: "x", output: "b", messages: null },
      { kind: "pair", input: "x", output: "b", fields: { messages: null } },
    ],
    [
      "prompt and completion",
      { prompt: "a ", completion: " b" },
      { kind: "completion", prompt: "a ", completion: " b", fields: {} },
    ],
    ["text", { text: "a", id: 1 }, { kind: "text", text: "a", fields: { id: 1 } }],
    [
      "messages, with further keys of a turn kept",
      {
        messages: [
          { role: "user", content: "a", acts: [1] },
          { role: "assistant", content: "b" },
        ],
        text: "t",
      },
      {
        kind: "messages",
        messages: [
          { role: "user", content: "a", acts: [1] },
          { role: "assistant", content: "b" },
        ],
        fields: { text: "t" },
      },
    ],
    [
      "token ids without labels are all scored",
      { input_ids: [1, 2] },
      { kind: "tokens", inputIds: [1, 2], labels: [1, 2], fields: {} },
    ],
    [
      "token ids with labels",
      { input_ids: [1, 2], labels: [-100, 7] },
      { kind: "tokens", inputIds: [1, 2], labels: [-100, 7], fields: {} },
    ],
  ])("reads %s", (_name, value, row) => {
    expect(parseRow(value)).toEqual(row);
  });

  it("accepts a turn that only calls tools", () => {
    const row = parseRow({
      messages: [
        { role: "user", content: "a" },
        { role: "assistant", content: null, tool_calls: [{}] },
      ],
    });
    expect(row).toMatchObject({ messages: [{}, { content: null, tool_calls: [{}] }] });
  });

  it.each<[string, unknown, string | null, RegExp]>([
    ["a number", 3, null, /expected an object .* got a number/],
    ["a list", [], null, /got a list/],
    ["null", null, null, /got null/],
    [
      "unknown keys",
      { title: "a", category: "b" },
      null,
      /\{"input","output"\}.*\{"text"\}.* got the keys title, category/,
    ],
    ["no keys", {}, null, /got the keys \(none\)/],
    ["input alone", { input: "a" }, "output", /"output": missing beside "input"/],
    [
      "a question and its label",
      { instruction: "a", category: "b" },
      "output",
      /missing beside "instruction"; where category is meant, map output=category; expected/,
    ],
    ["prompt alone", { prompt: "a" }, "completion", /missing beside "prompt"/],
    ["an output that is an object", { input: "a", output: {} }, "output", /expected a string, got an object/],
    ["an output that is no number", { input: "a", output: NaN }, "output", /expected a string, got a number/],
    ["a text that is a list", { text: [] }, "text", /expected a string, got a list/],
    ["messages as text", { messages: "hi" }, "messages", /expected a list, got a string/],
    ["a message as text", { messages: ["hi"] }, "messages[0]", /got a string/],
    [
      "an unknown role",
      { messages: [{ role: "narrator", content: "a" }] },
      "messages[0].role",
      /system, user, assistant, tool, got "narrator"/,
    ],
    ["no role", { messages: [{ content: "a" }] }, "messages[0].role", /got nothing/],
    [
      "content as parts",
      { messages: [{ role: "user", content: [] }] },
      "messages[0].content",
      /expected a string, got a list/,
    ],
    [
      "no reply",
      { messages: [{ role: "user", content: "a" }] },
      "messages",
      /at least one turn with the role "assistant"/,
    ],
    ["an empty dialogue", { messages: [] }, "messages", /at least one turn/],
    ["a fraction among the ids", { input_ids: [1, 2.5] }, "input_ids[1]", /expected an integer .* got 2.5/],
    ["a negative id", { input_ids: [-1] }, "input_ids[0]", /from 0/],
    ["an id beyond 32 bits", { input_ids: [2 ** 31] }, "input_ids[0]", /2147483647, got 2147483648/],
    ["an id as text", { input_ids: ["1"] }, "input_ids[0]", /got a string/],
    ["ids as text", { input_ids: "1 2" }, "input_ids", /expected a list of integers/],
    ["too few labels", { input_ids: [1, 2], labels: [1] }, "labels", /as many as input_ids \(2\), got 1/],
    [
      "a negative label other than -100",
      { input_ids: [1], labels: [-1] },
      "labels[0]",
      /a token id or -100, got -1/,
    ],
    ["labels alone", { labels: [1] }, "input_ids", /missing beside "labels"/],
  ])("refuses %s", (_name, value, key, message) => {
    const place = { file: "rows.jsonl", line: 7 };
    const expected = { name: "RowError", key, place, message: expect.stringMatching(message) as string };
    expect(() => parseRow(value, place)).toThrow(expect.objectContaining(expected));
    expect(() => parseRow(value, place)).toThrow(/^rows\.jsonl:7: /);
  });

  it("marks its errors as the user's", () => {
    const marker = Symbol.for("@lathe/input-error");
    expect(() => parseRow(1)).toThrow(expect.objectContaining({ [marker]: true }));
  });
});

describe("serializeRow", () => {
  it("writes what parseRow reads back as the same row", () => {
    forSeeds(300, (random) => {
      const row = parseRow(randomSource(random));
      expect(parseRow(JSON.parse(JSON.stringify(serializeRow(row))))).toEqual(row);
    });
  });

  it.each<[string, Row]>([
    ["of the same name", { kind: "pair", input: "a", output: "b", fields: { output: "c" } }],
    ["of a shape that goes before", { kind: "pair", input: "a", output: "b", fields: { messages: [] } }],
    [
      "that would be appended to the input",
      { kind: "pair", input: "a", output: "b", fields: { instruction: "c" } },
    ],
    ["that would become the system text", { kind: "pair", input: "a", output: "b", fields: { system: "c" } }],
    ["of tokens", { kind: "text", text: "a", fields: { input_ids: [1] } }],
  ])("refuses kept fields %s", (_name, row) => {
    expect(() => serializeRow(row)).toThrow(/field/);
  });
});

function randomSource(random: SeededRandom): Record<string, unknown> {
  const text = (): string => random.text(["a", " ", "\n", "。", "😀", '"', "\\", "\u0000"], 6);
  const ids = Array.from({ length: random.integer(0, 5) }, () => random.integer(0, 9));
  const shape = random.pick<Record<string, unknown>>([
    { input: text(), output: text() },
    {
      instruction: text(),
      output: text(),
      input: random.pick([text(), "", null]),
      system: random.pick([text(), null]),
    },
    { prompt: text(), completion: text() },
    {
      messages: [
        { role: "system", content: text() },
        { role: "assistant", content: text(), name: text() },
      ],
    },
    { text: text() },
    { input_ids: ids, labels: ids.map((id) => random.pick([id, -100])) },
  ]);
  const extra = random.pick<Record<string, unknown>>([
    {},
    { dialogue: text(), turn: null },
    { text: text() },
    { prompt: 1 },
  ]);
  return { ...extra, ...shape };
}

it.each([
  ['{"input": 1, "output": 2}', "1", "2"],
  ['{"question": "2.5 + 1.5", "answer": 4}', "2.5 + 1.5", "4"],
  ['{"question": "2.5 + 1.5", "answer": 4.0}', "2.5 + 1.5", "4.0"],
  ['{"input": "a", "output": 1.0}', "a", "1.0"],
  ['{"input": -0.5, "output": 1e21}', "-0.5", "1e+21"],
  ['{"instruction": "d", "output": true}', "d", "true"],
])("reads the numbers of %s as texts", (json, input, output) => {
  const value: unknown = JSON.parse(json);
  keepJsonForm(value, json);
  expect(parseRow(value)).toMatchObject({ kind: "pair", input, output });
});
