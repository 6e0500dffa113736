import { appendFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testFolder } from "../testing/run-folders.js";
import { LineTail } from "./line-tail.js";

async function tailOf(text?: string) {
  const path = join(await testFolder(), "lines");
  if (text !== undefined) await writeFile(path, text);
  const tail = new LineTail(path);
  const heard: (string | null)[] = [];
  let resets = 0;
  const read = (budget = 1) =>
    tail.read({ onLine: (line) => heard.push(line), onReset: () => (resets++, heard.splice(0)) }, budget);
  return { path, heard, read, resets: () => resets };
}

describe("the lines of a growing file", () => {
  it("come once each, when they are whole", async () => {
    const { path, heard, read } = await tailOf("one\ntwo\nthr");
    await read();
    expect(heard).toEqual(["one", "two"]);
    await read();
    await appendFile(path, "ee\nfo");
    await read();
    expect(heard).toEqual(["one", "two", "three"]);
    await appendFile(path, "ur\n");
    await read();
    expect(heard).toEqual(["one", "two", "three", "four"]);
  });

  it("come from a file that is made later, and none from one that goes", async () => {
    const { path, heard, read, resets } = await tailOf();
    expect(await read()).toBe(false);
    await writeFile(path, "one\n");
    await read();
    expect(heard).toEqual(["one"]);
    await rm(path);
    await read();
    expect(heard).toEqual([]);
    expect(resets()).toBe(1);
  });

  it("begin anew where the file is cut or replaced, as a run that goes on does", async () => {
    const { path, heard, read, resets } = await tailOf("one\ntwo\n");
    await read();
    await truncate(path, 4);
    await read();
    expect(heard).toEqual(["one"]);
    await writeFile(`${path}.new`, "eins\nzwei\ndrei\n");
    await rename(`${path}.new`, path);
    await read();
    expect(heard).toEqual(["eins", "zwei", "drei"]);
    expect(resets()).toBe(2);
  });

  it("may hold characters that chunks cut in two, and be more than is read at a time", async () => {
    const line = `${"汉字🙂".repeat(3000)}é`;
    const lines = Array.from({ length: 300 }, (_, at) => `${at}:${line}`);
    const { heard, read } = await tailOf(`${lines.join("\n")}\n`);
    let rounds = 1;
    while (await read()) rounds++;
    expect(heard).toEqual(lines);
    expect(rounds).toBeGreaterThan(2);
  });

  it("that are too long are passed over, told once, and those after them read", async () => {
    const { path, heard, read } = await tailOf(`a\n${"x".repeat(5_000_000)}`);
    while (await read());
    expect(heard).toEqual(["a"]);
    await appendFile(path, `${"y".repeat(3_000_000)}\nb\n`);
    while (await read());
    expect(heard).toEqual(["a", null, "b"]);
  });
});
