import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { expandInputs } from "../index.js";

function folderOf(...names: readonly string[]): string {
  const folder = temporaryFolder();
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), "x");
  }
  return folder;
}

async function expanded(folder: string, ...paths: readonly string[]): Promise<string[]> {
  return (await expandInputs(paths.map((path) => join(folder, path)))).map((file) => relative(folder, file));
}

describe("expandInputs", () => {
  it("finds the rows of data set folders as Hugging Face has them, and nothing beside", async () => {
    const folder = folderOf(
      "README.md",
      "LICENSE.txt",
      "dataset_infos.json",
      ".gitattributes",
      "data/train-00001-of-00002.parquet",
      "data/train-00000-of-00002.parquet",
      "data/test-00000-of-00001.parquet",
      "saved/dataset_dict.json",
      "saved/train/state.json",
      "saved/train/data-00000-of-00001.arrow",
      "saved/train/cache-12.arrow",
      "logs/a.jsonl.gz",
      "logs/picture.png",
    );
    expect(await expanded(folder, "")).toEqual([
      "data/test-00000-of-00001.parquet",
      "data/train-00000-of-00002.parquet",
      "data/train-00001-of-00002.parquet",
      "logs/a.jsonl.gz",
      "saved/train/data-00000-of-00001.arrow",
    ]);
    expect(await expanded(folder, "LICENSE.txt", "logs", "logs/a.jsonl.gz")).toEqual([
      "LICENSE.txt",
      "logs/a.jsonl.gz",
    ]);
    await expect(expanded(folderOf("README.md"), "")).rejects.toThrow(/is a folder without a file of rows/);
  });

  it.each([
    ["*.jsonl", ["a.jsonl", "b.jsonl"]],
    ["?.jsonl", ["a.jsonl", "b.jsonl"]],
    ["**/*.jsonl", ["a.jsonl", "b.jsonl", "deep/er/c.jsonl"]],
    ["deep/**", ["deep/d.csv", "deep/er/c.jsonl"]],
    ["d*p/*/*", ["deep/er/c.jsonl"]],
    [".*", [".hidden.jsonl"]],
  ])("matches %s", async (pattern, files) => {
    const folder = folderOf("a.jsonl", "b.jsonl", "deep/er/c.jsonl", "deep/d.csv", ".hidden.jsonl");
    expect(await expanded(folder, pattern)).toEqual(files);
    await expect(expanded(folder, `${pattern}.none`)).rejects.toThrow(/matches no file/);
  });

  it("ends in good time over a hostile pattern", async () => {
    const folder = folderOf("a".repeat(200));
    await expect(expanded(folder, `${"*a".repeat(100)}b`)).rejects.toThrow(/matches no file/);
  });
});
