import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAppended } from "./open-appended.js";

describe("openAppended", () => {
  // The last lies over the border of what is read at one time.
  it.each([
    ["nothing", "", ""],
    ["whole lines", "one\ntwo\n", "one\ntwo\n"],
    ["a torn line", "one\ntwo\nthr", "one\ntwo\n"],
    ["a torn line alone", "thr", ""],
    ["a torn line of many parts", `one\n${"é".repeat(100_000)}`, "one\n"],
  ])("appends after what is whole: %s", async (_name, before, kept) => {
    const path = join(await mkdtemp(join(tmpdir(), "lathe-appended-")), "new", "lines.txt");
    await (await openAppended(path)).close();
    await writeFile(path, before);
    const handle = await openAppended(path);
    await handle.appendFile("next\n");
    await handle.close();
    expect(await readFile(path, "utf8")).toBe(`${kept}next\n`);
  });
});
