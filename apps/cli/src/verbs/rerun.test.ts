import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let report: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 6 }, (_, i) => ({ input: `Who is ${i}?`, output: `He is ${i + 1}.` }));
  const data = await writeJsonl(join(folder, "rows.jsonl"), rows);
  const output = join(folder, "first");
  const { code, stdout, stderr } = await runLathe([
    ...["train", "--model", storiesModel, "--data", data, "--validation", data, "--output", output],
    ...["--max-steps", "3", "--learning-rate", "0.01", "--tensorboard", "--samples", "1"],
  ]);
  expect(code, stderr).toBe(0);
  // The course of the loss, as signs between its ends.
  expect(stdout).toMatch(/^loss \d\.\d{3} [▁▂▃▄▅▆▇█]{3} \d\.\d{3}$/m);
  expect(stdout).toContain(`page of the run: ${join(output, "report.html")}`);
  report = join(output, "report.json");
});

describe("lathe rerun", () => {
  it("repeats a run to the bit", async () => {
    const output = join(folder, "again");
    const { code, json, stderr } = await runLathe(["rerun", report, "--output", output, "--json"]);
    expect(code, stderr).toBe(0);
    expect(json).toEqual({ equal: true, differences: [], run: output, steps: 3 });
  });

  it("ends with exit code 1 and says what differs", async () => {
    const data = await writeJsonl(join(folder, "other.jsonl"), [{ input: "Who?", output: "Nobody." }]);
    const output = join(folder, "other");
    const { code, stdout, stderr } = await runLathe([
      "rerun",
      "--report",
      report,
      "--data",
      data,
      "--output",
      output,
    ]);
    expect(code, stderr).toBe(1);
    expect(stdout).toMatch(/^went in: data: .*other\.jsonl was [0-9a-f]{12}, is [0-9a-f]{12}$/m);
    expect(stdout).toMatch(/^came out: adapter\/adapter_model\.safetensors was/m);
    expect(stdout).toContain(`${output}: other bits`);
  });

  it.each([
    [["rerun", "--output", "x"], "--report file is required"],
    [["rerun", "nowhere.json", "--output", "x"], "nowhere.json"],
    [
      ["rerun", "a.json", "--report", "b.json", "--output", "x"],
      "--report: expected it once, got a.json without",
    ],
    [["rerun", "a.json", "b.json", "--output", "x"], "unexpected argument"],
  ])("refuses %j", async (words, message) => {
    const { code, stderr } = await runLathe(words);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it("says in the help that the report needs no flag", async () => {
    const { stdout } = await runLathe(["rerun", "--help"]);
    expect(stdout).toContain("Usage: lathe rerun [options] [report]");
  });
});

it("the page of a run is in the language of the command", async () => {
  const output = join(folder, "chinese");
  const words = ["rerun", report, "--output", output, "--language", "zh"];
  expect((await runLathe(words)).code).toBe(0);
  expect(await readFile(join(output, "report.html"), "utf8")).toContain('lang="zh-CN"');
});
