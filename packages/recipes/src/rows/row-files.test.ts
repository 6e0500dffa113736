import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { hashFile } from "@lathe/files";
import { expect, it } from "vitest";
import { readModelFolder } from "../model/model-folder.js";
import { temporaryFolder, tinyModel } from "../testing/folders.js";
import type { RowsUse } from "./row-files.js";
import { rowsBytes } from "./rows-bytes.js";
import { rowsHash } from "./rows-hash.js";
import { recordsOf } from "./rows-input.js";
import { readTrainingRows } from "./training-rows.js";

const line = (text: string): string => `${JSON.stringify({ text })}\n`;

/** Files of a row each, which says where it is. */
async function folderOf(...names: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), name.endsWith(".gz") ? gzipSync(line(name)) : line(name));
  }
  return folder;
}

async function textsOf(input: string, use: RowsUse = "training"): Promise<unknown[]> {
  const texts: unknown[] = [];
  for await (const record of recordsOf(input, "data", use)) {
    if ("value" in record) texts.push((record.value as { text: unknown }).text);
  }
  return texts;
}

it("are all files of a folder, packed or not, and those that a pattern matches", async () => {
  const folder = await folderOf("b.jsonl.gz", "a.jsonl", "deep/c.txt.jsonl", "README.md");
  expect(await textsOf(folder)).toEqual(["a.jsonl", "b.jsonl.gz", "deep/c.txt.jsonl"]);
  expect(await textsOf(join(folder, "**", "*.jsonl"))).toEqual(["a.jsonl", "deep/c.txt.jsonl"]);
  await expect(textsOf(join(folder, "*.csv"))).rejects.toThrow("matches no file");
});

it.each([
  [["data/train-00000-of-00002.jsonl", "data/train-00001-of-00002.jsonl", "data/test-00000-of-00001.jsonl"]],
  [["default/train/0000.jsonl", "default/train/0001.jsonl", "default/test/0000.jsonl"]],
])("are of one split where files are named by splits: %j", async (names) => {
  const folder = await folderOf(...names);
  expect(await textsOf(folder)).toEqual(names.slice(0, 2));
  expect(await textsOf(folder, "validation")).toEqual(names.slice(2));
  // A pattern says by itself what it means.
  expect(await textsOf(join(folder, "**", "*.jsonl"))).toHaveLength(3);
});

it("are not guessed where the split that is wanted is missing", async () => {
  const folder = await folderOf("test.jsonl", "validation.jsonl");
  await expect(textsOf(folder)).rejects.toThrow(
    `${folder}: has files of validation, test and none of train; name the files that are meant`,
  );
});

it("are not fetched from an address in passing, and its secrets are not told", async () => {
  await expect(textsOf("https://me:secret@example.com/rows.jsonl?key=secret")).rejects.toThrow(
    "https://example.com/rows.jsonl: is an address: fetch it with cacheAddress of @lathe/hub and give the file",
  );
});

it("have one hash and one size, those of their file where it is alone", async () => {
  const folder = await folderOf("train/b.jsonl", "train/a.jsonl", "test/c.jsonl");
  const alone = join(folder, "test", "c.jsonl");
  expect(await rowsHash(folder, "measuring")).toBe((await hashFile(alone)).sha256);
  const both = await rowsHash(folder, "training");
  expect(await rowsHash(join(folder, "train", "*.jsonl"), "measuring")).toBe(both);
  expect(await rowsBytes(folder, "training")).toBe(2 * line("train/a.jsonl").length);
  await writeFile(join(folder, "train", "a.jsonl"), line("train/other.jsonl"));
  expect(await rowsHash(folder, "training")).not.toBe(both);
  expect(await rowsHash([{ text: "in memory" }], "training")).toBeNull();
});

it("are trained on under their own names", async () => {
  const folder = await temporaryFolder();
  const rows = { "a.jsonl": [5, 6, 7], "b.jsonl": [8, 9] };
  for (const [name, ids] of Object.entries(rows)) {
    const row = JSON.stringify({ input_ids: ids });
    await writeFile(join(folder, name), `\n${row}\n${row}\n`);
  }
  const model = await readModelFolder(tinyModel("qwen2"));
  const found = await readTrainingRows(folder, model, { field: "data", maxTokens: 10, rejectLimit: 0 });
  expect([0, 1, 2, 3].map((row) => found.rows.place!(row))).toEqual([
    `${join(folder, "a.jsonl")}:2`,
    `${join(folder, "a.jsonl")}:3`,
    `${join(folder, "b.jsonl")}:2`,
    `${join(folder, "b.jsonl")}:3`,
  ]);
  expect([...found.rows.row(3).inputIds]).toEqual([8, 9]);
});
