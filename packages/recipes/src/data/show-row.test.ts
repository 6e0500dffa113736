import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { prepareRows } from "../prepare-rows.js";
import { showRow } from "./show-row.js";

const model = fileURLToPath(new URL("../../../model/fixtures/stories260k/", import.meta.url));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-show-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("shows what the template writes, what is learnt and every token, which together are the text", async () => {
  const data = join(folder, "rows.jsonl");
  const rows = [
    { input: "Hello there", output: "Good day to you.", category: "greeting" },
    { question: "When?", answer: "<think>\nLet me see\n</think>\n\nAt nine.", weight: 2 },
  ];
  await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const first = await showRow({ data, model });
  expect(first).toMatchObject({ place: `${data}:1`, weight: 1, unlabelledTurns: 0 });
  expect(first.columns).toEqual({
    kind: "pair",
    learnt: ["input", "output"],
    others: ["category"],
    suggestion: null,
  });
  expect(first.pieces.at(-1)?.end).toBe(first.tokens.length);
  expect(first.pieces.filter(({ scored }) => scored).map((piece) => piece.text)).toHaveLength(1);
  const learnt = first.tokens.filter(({ isLearnt }) => isLearnt).map((token) => token.text);
  expect(learnt.join("")).toContain("Good day to you.");
  const masked = await showRow({ data, model, row: 2, learnt: { reasoning: "mask" } });
  expect(masked).toMatchObject({
    weight: 2,
    columns: { learnt: ["question", "answer", "weight"], others: [] },
  });
  const said = masked.tokens.filter(({ isLearnt }) => isLearnt).map((token) => token.text);
  expect(said.join("")).toContain("At nine.");
  expect(said.join("")).not.toContain("Let me see");
  await expect(showRow({ data, row: 3, model })).rejects.toThrow("has 2 rows, and row 3 is asked for");
});

it("shows tokens and rows of a prepared folder", async () => {
  const output = join(folder, "prepared");
  const data = [{ input: "Hello there", output: "Good day to you." }];
  await prepareRows({ data, output, split: "1:0:0", model });
  const tokens = await showRow({ data: output });
  expect(tokens.columns).toBeNull();
  const encoded = await showRow({ data: output, model });
  expect(tokens.tokens.map(({ id, isLearnt }) => ({ id, isLearnt }))).toEqual(
    encoded.tokens.map(({ id, isLearnt }) => ({ id, isLearnt })),
  );
});
