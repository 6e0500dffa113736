import { isInputError } from "@lathe/files";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TextFileError } from "../errors.js";
import { readReferences, readTexts } from "./read-texts.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-eval-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function faultOf(reading: Promise<unknown>): Promise<TextFileError> {
  const error: unknown = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TextFileError);
  expect(isInputError(error)).toBe(true);
  return error as TextFileError;
}

describe("plain text", () => {
  it.each([
    ["one text a line", "a\nb\n", ["a", "b"]],
    ["without a last line end", "a\nb", ["a", "b"]],
    ["blank lines are empty texts", "\na\n\n", ["", "a", ""]],
    ["line ends of Windows", "a\r\n\r\nb\r\n", ["a", "", "b"]],
    ["a byte order mark", "\ufeffa\n\ufeffb\n", ["a", "\ufeffb"]],
    ["other separators stay in the text", " a\u2028b\u0085c\r\rd \n", [" a\u2028b\u0085c\r\rd "]],
    ["JSON is text here", '"a"\n', ['"a"']],
    ["nothing", "", []],
  ])("%s", async (_name, content, texts) => {
    const path = await write("texts.txt", content);
    expect(await readTexts(path)).toEqual(texts);
    expect(await readReferences(path)).toEqual(texts.map((text) => [text]));
  });

  it("reads any name that is not another format's", async () => {
    expect(await readTexts(await write("newstest.zh", "好\n"))).toEqual(["好"]);
  });

  it("puts characters together that a chunk cuts", async () => {
    const texts = Array.from({ length: 3000 }, (_, index) => "好😀é".repeat(1 + (index % 40)));
    expect(await readTexts(await write("long.txt", texts.join("\n")))).toEqual(texts);
  });
});

describe("JSON lines", () => {
  it("takes strings and the first field there is", async () => {
    const rows = [
      "好",
      { prediction: "a", reference: "x" },
      { completion: "b", prompt: "p" },
      { input: "i", output: "c" },
      { text: "d" },
      { reference: "e" },
    ];
    const path = await write("rows.jsonl", `${rows.map((row) => JSON.stringify(row)).join("\n\n")}\n`);
    expect(await readTexts(path)).toEqual(["好", "a", "b", "c", "d", "e"]);
  });

  it("takes lists of references, and of a row's fields the reference first", async () => {
    const rows = [
      "好",
      ["a", "b"],
      { references: ["c", "d"], reference: "x" },
      { prediction: "x", reference: "e" },
      { output: "f" },
    ];
    const path = await write("rows.ndjson", rows.map((row) => JSON.stringify(row)).join("\n"));
    expect(await readReferences(path)).toEqual([["好"], ["a", "b"], ["c", "d"], ["e"], ["f"]]);
  });

  it.each([
    ["a torn row", '"a"\n{"text": "b"', 2, "expected JSON"],
    ["a number", '"a"\n\n3', 3, "got a number"],
    ["null", "null", 1, "got null"],
    ["a list where one text is due", '["a"]', 1, "got a list"],
    ["another field", '{"answer":"a","id":1}', 1, "got an object with answer, id"],
    ["no field", "{}", 1, "got an object with no fields"],
    ["a field that is no text", '{"prediction":["a"]}', 1, "expected prediction to be a string, got object"],
    ["a field of the prototype", '{"__proto__":{"text":"a"}}', 1, 'got "__proto__"'],
  ])("says where %s is", async (_name, content, line, reason) => {
    const path = await write("bad.jsonl", content);
    const error = await faultOf(readTexts(path));
    expect(error).toMatchObject({ path, line });
    expect(error.message).toContain(`bad.jsonl, line ${line}: `);
    expect(error.reason).toContain(reason);
  });

  it.each(['{"references":[]}', '{"references":"a"}', '{"references":["a",1]}', "[]", "[1]"])(
    "refuses %s as references",
    async (row) => {
      const error = await faultOf(readReferences(await write("bad.jsonl", `"a"\n${row}\n`)));
      expect(error).toMatchObject({
        line: 2,
        reason: "expected references to be a list of at least one string",
      });
    },
  );
});

describe("files", () => {
  it("names what is missing, a folder and a format that is not read", async () => {
    expect((await faultOf(readTexts(join(folder, "none.txt")))).message).toMatch(/none\.txt: no such file$/);
    expect((await faultOf(readTexts(folder))).reason).toBe("expected a file, got a folder");
    expect((await faultOf(readTexts(await write("rows.json", "[]")))).reason).toContain("got a .json file");
  });

  it("names the line that is not UTF-8", async () => {
    const path = await write("latin1.txt", Uint8Array.from([0x61, 0x0a, 0xe9, 0x0a]));
    expect(await faultOf(readTexts(path))).toMatchObject({
      line: 2,
      reason: expect.stringContaining("UTF-8"),
    });
  });

  it("stops at a line that is too long", async () => {
    const path = await write("wide.txt", `a\n${"b".repeat(100)}\n`);
    expect(await readTexts(path, { maximumLineBytes: 100 })).toHaveLength(2);
    expect(await faultOf(readTexts(path, { maximumLineBytes: 99 }))).toMatchObject({ line: 2 });
  });
});
