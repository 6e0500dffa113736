import { expect, it } from "vitest";
import { templateFrame } from "./template-frame.js";

const text = { Sequence: { id: "A", type_id: 0 } };
const token = (id: string): object => ({ SpecialToken: { id, type_id: 0 } });
const special_tokens = { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] }, "</s>": { ids: [2, 3] } };
const template = (single: unknown): object => ({ type: "TemplateProcessing", single, special_tokens });

it.each<[unknown, number[], number[]]>([
  [null, [], []],
  [{ type: "ByteLevel", trim_offsets: true }, [], []],
  [template([text]), [], []],
  [template([token("<s>"), text]), [1], []],
  [template([token("<s>"), text, token("</s>")]), [1], [2, 3]],
  [
    {
      type: "Sequence",
      processors: [{ type: "ByteLevel" }, template([token("<s>"), text]), template([text, token("</s>")])],
    },
    [1],
    [2, 3],
  ],
])("of %j are the ids before and after a text", (part, before, after) => {
  expect(templateFrame(part)).toEqual({ before, after });
});

it.each<unknown>([
  { type: "BertProcessing" },
  template([token("<s>")]),
  template([text, text]),
  template([token("<unknown>"), text]),
  template([null]),
  template("x"),
  { ...template([token("<s>"), text]), special_tokens: { "<s>": { ids: ["1"] } } },
  { ...template([token("<s>"), text]), special_tokens: null },
  { type: "Sequence", processors: [null, { type: "Other" }] },
  7,
])("is none of %j, which is the library's to apply", (part) => {
  expect(templateFrame(part)).toBeNull();
});
