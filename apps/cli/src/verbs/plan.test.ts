import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let run: string[];
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 6 }, (_, i) => ({ input: `Who is ${i}?`, output: `He is ${i + 1}.` }));
  run = ["plan", "--model", storiesModel, "--data", await writeJsonl(join(folder, "rows.jsonl"), rows)];
});

describe("lathe plan", () => {
  it("gives terms, remedies and a verdict as JSON, and writes nothing", async () => {
    const { code, json, stderr } = await runLathe([...run, "--memory", "4GB", "--json"]);
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({
      fits: true,
      budgetBytes: 4e9,
      terms: { weights: expect.any(Number) as number },
    });
    expect(Object.keys(json!)).toEqual(
      expect.arrayContaining(["terms", "totalBytes", "budgetBytes", "fits", "secondsPerStep", "remedies"]),
    );
    for (const remedy of json!["remedies"] as object[]) {
      expect(Object.keys(remedy).sort()).toEqual(["name", "savesBytes", "settings", "timeFactor"]);
    }
    expect(await readdir(folder)).toEqual(["rows.jsonl"]);
  });

  it("says it in a table, and ends with 1 where it does not fit", async () => {
    const { code, stdout } = await runLathe([...run, "--memory", "1MB"]);
    expect(code).toBe(1);
    expect(stdout).toContain("does not fit in 1.0 MB");
    expect(stdout).toMatch(/^optimiser +[\d.]+ [KM]B$/m);
    expect(stdout).toMatch(/a step takes about [\d.]+ s here/);
  });

  it("plans from a config and a tokenizer alone, and says how long a disk takes", async () => {
    const alone = await temporaryFolder();
    for (const name of ["config.json", "tokenizer.json"])
      await copyFile(join(storiesModel, name), join(alone, name));
    const words = [
      ...run.map((word) => (word === storiesModel ? alone : word)),
      "--memory",
      "4GB",
      "--disk",
      "3GB/s",
    ];
    const { code, json, stderr } = await runLathe([...words, "--json"]);
    expect(code, stderr).toBe(0);
    expect(json!["disk"]).toMatchObject({ bytesPerSecond: 3e9, weightBytes: 4 * 260_032 });
    const { stdout } = await runLathe(words);
    expect(stdout).toMatch(
      /a disk of 3\.0 GB\/s reads the weights \([\d.]+ MB\) in [\d.]+ s and writes a checkpoint/,
    );
  });

  it.each([
    [["--disk", "fast"], "--disk: expected bytes a second, or a rate such as 3GB/s"],
    [["--card", "huge"], "--card: expected a name that ends with its memory"],
    [["--card", "a-8gb", "--memory", "8GB"], "--card: expected nothing beside memory"],
    [["--method", "full", "--rank", "4"], "--rank"],
  ])("refuses %j", async (words, message) => {
    const { code, stderr } = await runLathe([...run, ...words]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
