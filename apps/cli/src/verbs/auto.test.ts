import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let words: string[];
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 40 }, (_, row) => ({ input_ids: [row % 5, row % 7, 2, 3, 4] }));
  const data = await writeJsonl(join(folder, "rows.jsonl"), rows);
  words = ["auto", "--model", tinyModel("qwen2"), "--data", data];
});

describe("lathe auto", () => {
  it("trains with what it found, and says why on a page, as JSON and on the terminal", async () => {
    const output = join(folder, "auto");
    const { code, json, stderr } = await runLathe([...words, "--time", "20s", "--output", output, "--json"]);
    expect(code, stderr).toBe(0);
    const chosen = json!["chosen"] as { steps: number };
    expect(json).toMatchObject({ time: { budget: 20 }, result: { steps: chosen.steps } });
    const why = json!["why"] as string[];
    for (const sentence of why) expect(stderr).toContain(sentence);
    expect((await readdir(output)).sort()).toEqual(["auto.html", "auto.json", "rows", "run"]);
    const written = JSON.parse(await readFile(join(output, "auto.json"), "utf8")) as Record<string, unknown>;
    expect(written).toMatchObject({ chosen, why });
    const again = await runLathe([...words, "--time", "20s", "--output", output]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("exists already")]);
  });

  it.each([
    [["--time", "soon"], "--time: expected hours, minutes and seconds such as 30m, 1h30m or 90s"],
    [["--time", "0s"], "--time"],
    [["--time", "9s", "--memory", "1KB"], "--memory: expected more for this model"],
    [["--time", "9s", "--max-tokens", "4", "--overlong", "error"], "rows.jsonl:1"],
    [["--time", "9s", "--loss-on", "first"], "--loss-on: expected one of all, last"],
    [["--time", "9s", "--reasoning", "none"], "--reasoning: expected one of keep, mask, empty, strip"],
  ])("refuses %j", async (more, message) => {
    const { code, stderr } = await runLathe([...words, "--output", join(folder, "none"), ...more]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
