import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openAppended } from "../write/open-appended.js";
import { readAppended } from "./read-appended.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "read-appended-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function valuesOf(path: string): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const { text, value } of readAppended(path)) {
    values.push(value);
    if (value !== undefined) expect(JSON.parse(text)).toEqual(value);
  }
  return values;
}

describe("readAppended", () => {
  it("gives what was appended, in its order, without a last line that a killed process cut short", async () => {
    const path = join(folder, "values.jsonl");
    const values = [{ a: 1 }, "\ufeffa mark of its own", null, [2], "a\u2028b"];
    await writeFile(path, `${values.map((value) => JSON.stringify(value)).join("\n")}\n{"a":`);
    const handle = await openAppended(path);
    await handle.appendFile("3\n");
    await handle.close();
    expect(await valuesOf(path)).toEqual([...values, 3]);
  });

  it.each(["no JSON", '{"a":1,"a":2}', '{"__proto__":{}}', "[".repeat(10_000), "1 2"])(
    "has nothing for the line %.20s, and goes on",
    async (line) => {
      const path = join(folder, "odd.jsonl");
      await writeFile(path, `${line}\n{"b":1}\n`);
      expect(await valuesOf(path)).toEqual([undefined, { b: 1 }]);
    },
  );

  it("is empty for an empty file, and names one that is not there", async () => {
    const path = join(folder, "empty.jsonl");
    await writeFile(path, "");
    expect(await valuesOf(path)).toEqual([]);
    await expect(valuesOf(join(folder, "none.jsonl"))).rejects.toThrow(/none\.jsonl/);
  });
});
