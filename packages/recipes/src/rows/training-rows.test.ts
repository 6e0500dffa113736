import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeTokenFile } from "@lathe/data";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelFolder } from "../model/model-folder.js";
import { RecipeError } from "../recipe-error.js";
import type { RowsInput } from "./rows-input.js";
import { readTrainingRows, type TrainingRowsOptions } from "./training-rows.js";

const folder = {
  tokenizer: null,
  config: { vocabularySize: 10, maxPositions: 16 },
} as unknown as ModelFolder;
const options: TrainingRowsOptions = { field: "data", maxTokens: 16, rejectLimit: 0 };
const rows = [
  { inputIds: Int32Array.of(1, 2, 3), labels: Int32Array.of(-100, 2, 3) },
  { inputIds: Int32Array.of(4, 5), labels: Int32Array.of(-100, 5) },
];

let directory = "";
const inputs: Record<string, RowsInput> = {};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "lathe-training-rows-"));
  const lines = join(directory, "ids.jsonl");
  await writeFile(
    lines,
    rows
      .map(({ inputIds, labels }) => `${JSON.stringify({ input_ids: [...inputIds], labels: [...labels] })}\n`)
      .join(""),
  );
  const arrow = join(directory, "ids.arrow");
  await writeTokenFile(
    arrow,
    rows.map((row, index) => ({ ...row, row: index, truncated: false })),
    { tokenizerHash: null, templateHash: null, maxTokens: null },
  );
  Object.assign(inputs, {
    "lines of ids": lines,
    "a token file of unknown making": arrow,
    "rows in memory": { length: rows.length, row: (index: number) => rows[index] },
  });
});
afterAll(async () => await rm(directory, { recursive: true, force: true }));

describe.each(["lines of ids", "a token file of unknown making", "rows in memory"])("%s", (kind) => {
  it("are read as they are", async () => {
    const { rows: read } = await readTrainingRows(inputs[kind], folder, options);
    expect(Array.from({ length: read.length }, (_, index) => [...read.row(index).labels])).toEqual(
      rows.map(({ labels }) => [...labels]),
    );
  });

  it("take what is learnt of dialogues where that is all of them", async () => {
    const asked = { ...options, lossOn: "all", reasoning: "keep" } as const;
    expect((await readTrainingRows(inputs[kind], folder, asked)).rows.length).toBe(2);
  });

  it.each([{ lossOn: "last" }, { reasoning: "strip" }] as const)(
    "refuse %o, which their labels could not follow",
    async (asked) => {
      const error = await readTrainingRows(inputs[kind], folder, { ...options, ...asked }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(RecipeError);
      expect((error as RecipeError).message).toContain("holds token ids, whose labels say what is learnt");
      expect((error as RecipeError).faults).toMatchObject([{ field: Object.keys(asked)[0] }]);
    },
  );
});
