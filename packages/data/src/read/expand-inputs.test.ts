import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import type * as files from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { expandInputs } from "../index.js";

const looked = vi.hoisted(() => [] as string[]);
vi.mock("node:fs/promises", async (importOriginal) => {
  const original = await importOriginal<typeof files>();
  const readdir = (path: string, options: object): unknown => {
    looked.push(path);
    return original.readdir(path, options);
  };
  return { ...original, readdir };
});

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
    ["**/**/**/d.csv", ["deep/d.csv"]],
    ["**/er/**", ["deep/er/c.jsonl"]],
    ["./deep//*.csv", ["deep/d.csv"]],
    [".cache/*", [".cache/e.jsonl"]],
    ["**/.kept/**/*.jsonl", ["deep/.kept/er/f.jsonl"]],
    ["deep/.*/**", ["deep/.kept/er/f.jsonl"]],
  ])("matches %s", async (pattern, files) => {
    const folder = folderOf(
      ...["a.jsonl", "b.jsonl", "deep/er/c.jsonl", "deep/d.csv", ".hidden.jsonl"],
      ...[".cache/e.jsonl", "deep/.kept/er/f.jsonl"],
    );
    expect(await expanded(folder, pattern)).toEqual(files);
    await expect(expanded(folder, `${pattern}.none`)).rejects.toThrow(/matches no file/);
  });

  it.each([
    ["*.jsonl", [""]],
    ["a/*.jsonl", ["a"]],
    ["*/*.jsonl", ["", "a", "b"]],
    ["a*/b*/*.jsonl", ["", "a", "a/b"]],
    ["a/**", ["a", "a/b", "a/b/c"]],
    ["**/.cache/*", ["", ".cache", "a", "a/b", "a/b/c", "b"]],
    ["", ["", "a", "a/b", "a/b/c", "b"]],
  ])("looks for %j into no folder that it does not come to", async (pattern, folders) => {
    const names = ["x.jsonl", "a/x.jsonl", "a/b/x.jsonl", "a/b/c/x.jsonl", "b/x.jsonl"];
    const folder = folderOf(...names, ".cache/deep/x.jsonl", ".git/objects/x.jsonl");
    looked.length = 0;
    await expanded(folder, pattern).catch((): string[] => []);
    expect(looked.map((path) => relative(folder, path)).sort()).toEqual(folders);
  });

  it("takes links to files, goes into linked folders that are named, and round in no circle", async () => {
    const folder = folderOf("real/a.jsonl", "data/b.jsonl");
    symlinkSync(join(folder, "real/a.jsonl"), join(folder, "data/link.jsonl"));
    symlinkSync(join(folder, "real"), join(folder, "data/folder"));
    symlinkSync(folder, join(folder, "data/round"));
    expect(await expanded(folder, "data")).toEqual(["data/b.jsonl", "data/link.jsonl"]);
    expect(await expanded(folder, "data/fold*/*")).toEqual(["data/folder/a.jsonl"]);
    expect(await expanded(folder, "data/**/*.jsonl")).toEqual(["data/b.jsonl", "data/link.jsonl"]);
  });

  it("ends in good time over a hostile pattern", async () => {
    const folder = folderOf("a".repeat(200));
    await expect(expanded(folder, `${"*a".repeat(100)}b`)).rejects.toThrow(/matches no file/);
  });
});
