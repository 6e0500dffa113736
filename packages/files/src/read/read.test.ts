import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileError } from "../errors/file-error.js";
import { InputError, isInputError } from "../errors/input-error.js";
import { sayPhrase } from "../errors/phrase.js";
import { hashFile } from "./hash-file.js";
import type { MakeFault } from "./make-fault.js";
import { readJsonFile, readJsonIfThere } from "./read-json.js";
import { type Line, readLines } from "./read-lines.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lathe-read-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(contents: string | Uint8Array): string {
  const path = join(folder, "file");
  writeFileSync(path, contents);
  return path;
}

async function linesOf(contents: string | Uint8Array, maximumLineBytes?: number): Promise<Line[]> {
  const lines: Line[] = [];
  const options = maximumLineBytes === undefined ? {} : { maximumLineBytes };
  for await (const group of readLines(fileOf(contents), options)) lines.push(...group);
  return lines;
}

describe("readLines", () => {
  it("ends lines at LF and CRLF, drops byte order marks, and numbers from 1", async () => {
    expect(await linesOf("\ufeffa\r\nb\n\n\ufeffc\rd\n空")).toEqual([
      { line: 1, text: "a" },
      { line: 2, text: "b" },
      { line: 3, text: "" },
      { line: 4, text: "c\rd" },
      { line: 5, text: "空" },
    ]);
    expect(await linesOf("")).toEqual([]);
    expect(await linesOf("\n")).toEqual([{ line: 1, text: "" }]);
  });

  it("joins lines across the chunks of a file, characters of several bytes and CRLF included", async () => {
    // Chunks have 256 KiB: line ends and characters fall on both sides of their boundaries.
    for (const shift of [0, 1, 2, 3]) {
      const texts = ["x".repeat(262_141 + shift), "空".repeat(200_000), "🙂".repeat(70_000), "end"];
      const lines = await linesOf(texts.join("\r\n"));
      expect(lines.map(({ text }) => text)).toEqual(texts);
      expect(lines.every(({ error }) => error === undefined)).toBe(true);
    }
  });

  it("reports a line beyond the limit and goes on", async () => {
    const [first, long, last] = await linesOf(`ok\n${"x".repeat(600_000)}\nok`, 1000);
    expect([first.error, last]).toEqual([undefined, { line: 3, text: "ok" }]);
    expect(sayPhrase(long.error!)).toBe("the line has 600000 bytes, more than the limit of 1000");
    expect(long.text).toHaveLength(1000);
  });

  it("reports bytes that are not UTF-8, with the column, and refuses UTF-16", async () => {
    const bytes = Buffer.concat([Buffer.from("空 "), Buffer.of(0xff), Buffer.from("\nok")]);
    const [bad, good] = await linesOf(bytes);
    expect(sayPhrase(bad.error!)).toBe("not valid UTF-8 (first bad byte at column 5)");
    expect(good).toEqual({ line: 2, text: "ok" });
    await expect(linesOf(Buffer.from("\ufeffa", "utf16le"))).rejects.toThrow(/file: is UTF-16/);
  });

  it("names what cannot be read", async () => {
    const read = async (path: string): Promise<unknown> => await readLines(path).next();
    await expect(read(join(folder, "nothing"))).rejects.toThrow(`${join(folder, "nothing")}: no such file`);
    await expect(read(folder)).rejects.toThrow(/expected a file, got a folder/);
  });
});

describe("readJsonFile", () => {
  it("names file, line and column", async () => {
    const path = fileOf('{"a": 1,\n "a": 2}');
    await expect(readJsonFile(path, { limit: 1000 })).rejects.toThrow(
      `${path}: expected JSON with each key once at line 2, column 2, got "a" again`,
    );
  });

  it("takes a byte order mark, and refuses other bytes, folders and what is too large", async () => {
    expect(await readJsonFile(fileOf('\ufeff{"a":1}'), { limit: 100 })).toEqual({ a: 1 });
    const latin = fileOf(Buffer.from('{"a":"é"}', "latin1"));
    await expect(readJsonFile(latin, { limit: 100 })).rejects.toThrow("other bytes from byte 7 on");
    await expect(readJsonFile(latin, { limit: 5 })).rejects.toThrow("a file of at most 5 bytes, got 9 bytes");
    await expect(readJsonFile(folder, { limit: 100 })).rejects.toThrow("something that is not a file");
  });

  it("tells a missing file, or passes it over", async () => {
    const path = join(folder, "nothing.json");
    await expect(readJsonFile(path, { limit: 100 })).rejects.toThrow(FileError);
    expect(await readJsonIfThere(path, { limit: 100 })).toBeUndefined();
  });

  it("throws the caller's own errors", async () => {
    const makeFault: MakeFault = (expected, actual) =>
      new RangeError(`${sayPhrase(expected)}|${sayPhrase(actual)}`);
    await expect(readJsonFile(fileOf("["), { limit: 100, makeFault })).rejects.toThrow(RangeError);
  });
});

describe("hashFile", () => {
  it("gives length and SHA-256", async () => {
    const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect(await hashFile(fileOf(bytes))).toEqual({ bytes: 300_000, sha256 });
    await expect(hashFile(join(folder, "nothing"))).rejects.toThrow(FileError);
  });

  it("ends in the middle of a file where it is told to", async () => {
    const stop = new AbortController();
    const path = fileOf(new Uint8Array(8_000_000));
    const hashed = hashFile(path, { signal: stop.signal });
    stop.abort();
    await expect(hashed).rejects.toBe(stop.signal.reason);
  });
});

describe("InputError", () => {
  it("is known by its mark, also that of another copy of the package", () => {
    const other = Object.assign(new Error("of another copy"), { [Symbol.for("@lathe/input-error")]: true });
    expect(isInputError(new InputError("")) && isInputError(new FileError("a", "b"))).toBe(true);
    expect(isInputError(other)).toBe(true);
    expect([new Error(""), null, undefined, {}, "text"].some(isInputError)).toBe(false);
  });
});
