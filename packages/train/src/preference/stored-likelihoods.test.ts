import { type Phrase, sayPhrase } from "@lathe/files";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readLikelihoods, writeLikelihoods } from "./stored-likelihoods.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-likelihoods-"));
  path = join(folder, "reference.json");
});
afterEach(() => rm(folder, { recursive: true }));

const entries: [string, number][] = [
  ["a", -12.300000190734863],
  ["b", -Number.MIN_VALUE],
  ["c", -1.7976931348623157e308],
];

it("keeps every bit of a number", async () => {
  await writeLikelihoods(path, new Map(entries).entries());
  expect(await readLikelihoods(path)).toEqual({ entries });
});

it("has no entries where there is no file", async () => {
  expect(await readLikelihoods(path)).toEqual({ entries: [] });
});

it("uses nothing of a file that was changed, cut or is another's", async () => {
  await writeLikelihoods(path, entries);
  const text = await readFile(path, "utf8");
  for (const other of [text.replace("-12.3", "-12.4"), text.slice(0, -9), "[]", '{"entries":[["a",null]]}']) {
    await writeFile(path, other);
    const { fault } = (await readLikelihoods(path)) as { fault: Phrase };
    expect(sayPhrase(fault), other).toContain("reference.json");
  }
});

it("keeps a number that is not finite as no number: it is computed again", async () => {
  await writeLikelihoods(path, [["a", Number.NEGATIVE_INFINITY]]);
  expect(await readLikelihoods(path)).toHaveProperty("fault");
});
