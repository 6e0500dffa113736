/** Calls of tools, on the way from a row to what is learnt: the texts and counts are jinja2's and Transformers'. */
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { prepareRows } from "../prepare-rows.js";
import { showRow } from "./show-row.js";

const cases = fileURLToPath(new URL("../../../model/fixtures/tool-calls/", import.meta.url));
const base = fileURLToPath(new URL("../../../../examples/customer-service/base-model/", import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-calls-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The example's base model with a template of the cases. */
async function modelWith(template: string): Promise<string> {
  const model = join(folder, "model");
  await cp(base, model, { recursive: true });
  await cp(join(cases, template), join(model, "chat_template.jinja"));
  return model;
}

interface Expected {
  readonly rows: readonly { readonly text?: string; readonly labels?: number }[];
  readonly null: readonly [{ readonly text: string; readonly tokens: number; readonly labels: number }];
}

const expected = JSON.parse(await readFile(join(cases, "expected.json"), "utf8")) as Expected;

it("are learnt with content that is null or absent, beside tools as a list or as JSON text", async () => {
  const model = await modelWith("r1-style.jinja");
  const data = join(cases, "rows.jsonl");
  for (const [index, { text, labels }] of expected.rows.entries()) {
    const shown = showRow({ data, model, row: index + 1 });
    if (text === undefined) {
      // The template adds a mapping to a text, which Python refuses: an error of that row.
      await expect(shown).rejects.toThrow(`${data}:${index + 1}: key "messages": the chat template refuses`);
      continue;
    }
    const { pieces, tokens } = await shown;
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
    expect(tokens.filter(({ isLearnt }) => isLearnt)).toHaveLength(labels!);
  }
  expect(expected.rows.map(({ labels }) => labels)).toEqual([28, 28, undefined, 28, 28]);
});

it("are learnt where the template tells null from a text", async () => {
  const model = await modelWith("null.jinja");
  const { pieces, tokens } = await showRow({ data: join(cases, "null.jsonl"), model });
  const [{ text, labels }] = expected.null;
  expect(pieces.map((piece) => piece.text).join("")).toBe(text);
  expect(tokens).toHaveLength(expected.null[0].tokens);
  expect([tokens.filter(({ isLearnt }) => isLearnt).length, labels]).toEqual([19, 19]);
});

it("are kept by preparing where rows differ in their tools alone, which makes them no copies", async () => {
  const model = await modelWith("r1-style.jinja");
  const output = join(folder, "prepared");
  const rejectLimit = 0.2;
  const prepared = await prepareRows({
    data: [join(cases, "rows.jsonl")],
    output,
    model,
    split: "1:0:0",
    rejectLimit,
  });
  // The first and the second row are the same, so are the last two, and the third is refused.
  expect(prepared).toMatchObject({ kept: 2, splits: { train: 2 } });
  for (const row of [1, 2]) {
    const { tokens } = await showRow({ data: output, row });
    expect(tokens.filter(({ isLearnt }) => isLearnt)).toHaveLength(28);
  }
});
