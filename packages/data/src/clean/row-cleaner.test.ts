import { describe, expect, it } from "vitest";
import { DEFAULT_STEPS, RowCleaner, type CleaningOptions, type Row, type StepName } from "../index.js";

const place = { file: "a.jsonl", line: 1 };
const pair = (input: string, output: string): Row => ({ kind: "pair", input, output, fields: {} });

function clean(row: Row, options?: CleaningOptions): Row | string {
  const outcome = new RowCleaner(options).clean(row, place);
  return "row" in outcome ? outcome.row : `${outcome.rule}: ${outcome.reason}`;
}

describe("RowCleaner", () => {
  it("cleans every text of a row and keeps its fields", () => {
    const row: Row = {
      kind: "pair",
      system: " s ",
      input: "Ａ\u200b",
      output: "b\0  c",
      fields: { dialogue: " d " },
    };
    expect(clean(row)).toEqual({
      kind: "pair",
      system: "s",
      input: "A",
      output: "b c",
      fields: { dialogue: " d " },
    });
  });

  it("cleans turns with their reasoning and keeps their other keys", () => {
    const messages = [
      { role: "user", content: " a ", acts: [" x "] },
      { role: "assistant", content: "b\u200b", reasoning_content: " why " },
    ] as const;
    expect(clean({ kind: "messages", messages, fields: {} })).toMatchObject({
      messages: [
        { role: "user", content: "a", acts: [" x "] },
        { role: "assistant", content: "b", reasoning_content: "why" },
      ],
    });
  });

  it("keeps the white space of completion rows, where two texts meet", () => {
    const row: Row = {
      kind: "completion",
      prompt: "def f():\r\n    ",
      completion: "  return  1\n",
      fields: {},
    };
    expect(clean(row)).toEqual({ ...row, prompt: "def f():\n    " });
  });

  it("returns the same row when there is nothing to clean", () => {
    const row = pair("a", "b");
    expect(clean(row)).toBe(row);
  });

  it("drops a system text that is empty once cleaned", () => {
    expect(clean({ kind: "pair", system: "\u200b", input: "a", output: "b", fields: {} })).toEqual(
      pair("a", "b"),
    );
  });

  it.each<[string, Row, string]>([
    ["a blank input", pair(" \u200b", "b"), "empty: the input is empty"],
    ["a blank output", pair("a", "\n"), "empty: the output is empty"],
    ["a blank text", { kind: "text", text: "\u3000", fields: {} }, "empty: the output is empty"],
    [
      "a blank completion",
      { kind: "completion", prompt: "a", completion: " ", fields: {} },
      "empty: the output is empty",
    ],
    [
      "a dialogue with a blank reply",
      {
        kind: "messages",
        messages: [
          { role: "user", content: "a" },
          { role: "assistant", content: " " },
        ],
        fields: {},
      },
      "empty: the output is empty",
    ],
    ["no token ids", { kind: "tokens", inputIds: [], labels: [], fields: {} }, "empty: no token is scored"],
    [
      "only the first token scored",
      { kind: "tokens", inputIds: [1, 2], labels: [1, -100], fields: {} },
      "empty: no token is scored",
    ],
  ])("rejects %s", (_name, row, reason) => {
    expect(clean(row)).toBe(reason);
  });

  it("accepts a reply that only calls tools", () => {
    const messages = [
      { role: "user", content: "a" },
      { role: "assistant", content: "", tool_calls: [{}] },
    ] as const;
    expect(clean({ kind: "messages", messages, fields: {} })).toMatchObject({ kind: "messages" });
  });

  it("counts characters, not UTF-16 units, against the limits", () => {
    expect(clean(pair("😀😀", "😀"), { minimumInputCharacters: 3 })).toBe(
      "too-short: the input has 2 characters, fewer than 3",
    );
    expect(clean(pair("😀😀", "😀"), { minimumOutputCharacters: 2 })).toBe(
      "too-short: the output has 1 characters, fewer than 2",
    );
    expect(clean(pair("😀😀", "😀"), { maximumCharacters: 2 })).toBe(
      "too-long: the row has 3 characters, more than 2",
    );
    expect(clean(pair("😀😀", "😀"), { maximumCharacters: 3, minimumInputCharacters: 2 })).toEqual(
      pair("😀😀", "😀"),
    );
  });

  it("rejects rows that are equal once cleaned, whatever their fields", () => {
    const cleaner = new RowCleaner();
    expect(cleaner.clean(pair("a b", "c"), place)).toHaveProperty("row");
    expect(
      cleaner.clean({ kind: "pair", input: "Ａ  b".toLowerCase(), output: "c ", fields: { id: 2 } }, place),
    ).toMatchObject({
      rule: "duplicate",
    });
    expect(cleaner.clean(pair("a", "b c"), place)).toHaveProperty("row");
    expect(
      cleaner.clean({ kind: "completion", prompt: "a b", completion: "c", fields: {} }, place),
    ).toHaveProperty("row");
    const tokens: Row = { kind: "tokens", inputIds: [1, 2], labels: [1, 2], fields: {} };
    expect(cleaner.clean(tokens, place)).toHaveProperty("row");
    expect(cleaner.clean({ ...tokens, labels: [-100, 2] }, place)).toHaveProperty("row");
    expect(cleaner.clean({ ...tokens }, place)).toMatchObject({ rule: "duplicate" });
  });

  it("leaves out steps on request", () => {
    const messy = pair(" Ａ\u200b ", "");
    expect(clean(messy, { disable: [...DEFAULT_STEPS] })).toBe(messy);
    expect(clean(messy, { disable: ["white-space", "empty", "too-short"] })).toEqual(pair(" A ", ""));
  });

  it("counts rows by step and keeps the first examples", () => {
    const cleaner = new RowCleaner({ examplesPerStep: 2 });
    for (let line = 1; line <= 4; line++) cleaner.clean(pair(` ${line} `, " b "), { file: "a.jsonl", line });
    cleaner.clean(pair("1", "b"), { file: "a.jsonl", line: 5 });
    const { counts, examples } = cleaner.report();
    expect(Object.keys(counts)).toEqual(cleaner.steps);
    expect(cleaner.steps).toEqual(DEFAULT_STEPS.toSpliced(6, 0, "personal-data" as StepName));
    expect(counts).toMatchObject({ "white-space": 4, duplicate: 1, empty: 0 });
    expect(examples["white-space"]).toEqual([
      { file: "a.jsonl", line: 1, before: " 1 ", after: "1" },
      { file: "a.jsonl", line: 2, before: " 2 ", after: "2" },
    ]);
    expect(examples.duplicate).toEqual([
      { file: "a.jsonl", line: 5, before: "1\nb", reason: "the same row came before" },
    ]);
  });

  it("shows what was masked by its form, and nothing of the data", () => {
    const cleaner = new RowCleaner();
    cleaner.clean(pair("我叫王小明，电话 138-1234-5678，邮箱a.b@c-d.cn", " 好 "), place);
    const { examples } = cleaner.report();
    expect(examples["personal-data"]).toEqual([
      {
        ...place,
        before: "我叫•••，电话 •••-••••-••••，邮箱•.•@•-•.••",
        after: "我叫[姓名1]，电话 [电话1]，邮箱[邮箱1]",
      },
    ]);
    expect(JSON.stringify(examples)).not.toMatch(/王小明|1234|a\.b/);
  });

  it("shows the first difference of long texts", () => {
    const cleaner = new RowCleaner();
    cleaner.clean(pair(`${"x".repeat(5000)}\u200b${"y".repeat(5000)}`, "b"), place);
    const [{ before, after }] = cleaner.report().examples["zero-width"];
    expect(before).toMatch(/^…x+\u200by+…$/);
    expect(after).toMatch(/^…x+y+…$/);
    expect(before.length).toBeLessThan(250);
  });

  it.each<[CleaningOptions, string]>([
    [
      { minimumInputCharacters: -1 },
      "cleaning.minimumInputCharacters: expected a whole number of at least 0, got -1",
    ],
    [
      { maximumCharacters: Number.NaN },
      "cleaning.maximumCharacters: expected a whole number of at least 1, got NaN",
    ],
    [{ disable: ["nfkc" as "unicode"] }, "cleaning.disable: expected names out of mojibake, line-ends"],
    [{ minimum: 1 } as CleaningOptions, "cleaning: expected the keys steps, disable, minimumInputCharacters"],
  ])("refuses the options %j", (options, message) => {
    expect(() => new RowCleaner(options)).toThrow(message);
  });
});
