import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { TextPairsError } from "../errors.js";
import { checkTextFiles } from "./check-text-files.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pairs-"));
});

async function file(name: string, lines: readonly unknown[]): Promise<string> {
  const path = join(folder, name);
  const texts = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  await writeFile(path, texts.map((text) => `${text}\n`).join(""));
  return path;
}

/** The faults as `file:line: reason`. */
async function faultsOf(predictions: readonly string[], references: string): Promise<string[]> {
  const error: unknown = await checkTextFiles(predictions, references).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TextPairsError);
  return (error as TextPairsError).message.replaceAll(`${folder}/`, "").split("; ");
}

it("finds nothing wrong with files that belong together, and what the references are", async () => {
  const references = await file("good-r.jsonl", [
    { id: 1, references: ["一只猫", "一只狗"] },
    { id: 2, reference: "两只猫" },
  ]);
  const predictions = await file("good-p.jsonl", [
    { id: 1, prediction: "" },
    { id: "2", prediction: "两只猫" },
  ]);
  expect((await checkTextFiles([predictions], references)).facts()).toEqual({
    language: "zh",
    referenceCount: "var",
    labels: ["一只猫", "两只猫"],
    rows: 2,
  });
});

it("names rows without an id where others of the file have one, and takes files without any", async () => {
  const references = await file("some-r.jsonl", [{ id: "a", reference: "one" }, { reference: "two" }]);
  const none = await file("none.txt", ["one", "two"]);
  const some = await file("some-p.jsonl", [{ prediction: "one" }, { id: "b", prediction: "two" }]);
  expect(await faultsOf([none, some], references)).toEqual([
    "some-r.jsonl, line 2: the row has no id, where others have one",
    "some-p.jsonl, line 1: the row has no id, where others have one",
  ]);
  const named = await file("named-r.jsonl", [
    { id: "a", reference: "one" },
    { id: "b", reference: "two" },
  ]);
  expect((await checkTextFiles([none], named)).facts().rows).toBe(2);
});

it("names every row of every file that is at fault, at once", async () => {
  const references = await file("bad-r.jsonl", [
    { id: "a", reference: "one" },
    { id: "b", reference: " " },
    { id: "b", answer: "three" },
    { id: "d", reference: "four" },
  ]);
  const predictions = await file("bad-p.jsonl", [
    { id: "a", prediction: "one" },
    "{",
    { id: "e", prediction: 5 },
  ]);
  const shorter = await file("short.txt", ["one"]);
  const faults = await faultsOf([predictions, shorter], references);
  expect(faults).toEqual([
    expect.stringMatching(/^bad-r\.jsonl, line 2: the reference is empty/),
    expect.stringMatching(/^bad-r\.jsonl, line 3: the id "b" stands on line 2 already/),
    expect.stringMatching(
      /^bad-r\.jsonl, line 3: expected .* one of reference, .* got an object with id, answer/,
    ),
    expect.stringMatching(/^bad-p\.jsonl, line 2: expected JSON with/),
    expect.stringMatching(/^bad-p\.jsonl, line 3: expected prediction to be a string, got number/),
    expect.stringMatching(/^bad-r\.jsonl, line 4: nothing belongs to this row: bad-p\.jsonl has 3 rows/),
    expect.stringMatching(/^bad-r\.jsonl, line 2: nothing belongs to this row: short\.txt has 1 rows/),
  ]);
});

it("holds ids to each other: missing, unknown, and in another order", async () => {
  const named = (ids: readonly string[]) => ids.map((id) => ({ id, text: `text ${id}` }));
  const references = await file("ids-r.jsonl", named(["a", "b", "c"]));
  expect(await faultsOf([await file("ids-p.jsonl", named(["a", "c", "x"]))], references)).toEqual([
    'ids-r.jsonl, line 2: the id "b" is missing in ids-p.jsonl',
    'ids-p.jsonl, line 3: the id "x" is missing in ids-r.jsonl',
  ]);
  expect(await faultsOf([await file("turned.jsonl", named(["a", "c", "b"]))], references)).toEqual([
    'turned.jsonl, line 2: the id "c" stands where ids-r.jsonl, line 2 has "b": expected the same order',
  ]);
});

it("lists some of very many faults and counts the rest", async () => {
  const references = await file(
    "many-r.txt",
    Array.from({ length: 130 }, () => ""),
  );
  const faults = await faultsOf(
    [
      await file(
        "many-p.txt",
        Array.from({ length: 130 }, () => "x"),
      ),
    ],
    references,
  );
  expect(faults).toHaveLength(21);
  expect(faults.at(-1)).toBe("and 110 more faults of the same files");
});
