import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let prepared: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  prepared = join(folder, "prepared");
  const rows = Array.from({ length: 30 }, (_, row) => ({
    prompt: `Once upon a time number ${row * 7919} <b>there</b>`,
    completion: ` was a little dog ${row * 104729}.`,
  }));
  const input = await writeJsonl(join(folder, "rows.jsonl"), rows);
  const made = await runLathe(["prepare", "--input", input, "--output", prepared, "--model", storiesModel]);
  expect(made.code, made.stderr).toBe(0);
});

it("writes a page beside the folder, without tokens where there is no model", async () => {
  const { code, json, stderr } = await runLathe(["data", "report", prepared, "--json"]);
  expect(code, stderr).toBe(0);
  expect(json).toMatchObject({
    output: `${prepared}-report.html`,
    shown: 0,
    lossBefore: null,
    lossAfter: null,
  });
  expect(await readFile(`${prepared}-report.html`, "utf8")).not.toContain("Token microscope");
});

it("puts each token's loss before and after a run side by side", async () => {
  const run = join(folder, "run");
  const trained = await runLathe([
    ...["train", "--model", storiesModel, "--data", join(prepared, "train.arrow"), "--output", run],
    ...["--max-steps", "12", "--learning-rate", "0.01", "--targets", "all-linear"],
  ]);
  expect(trained.code, trained.stderr).toBe(0);
  const output = join(folder, "data.html");
  const words = ["data", "report", prepared, "--run", run, "--rows", "4", "--output", output];
  const { code, json, stderr } = await runLathe([...words, "--json"]);
  expect(code, stderr).toBe(0);
  const { shown, lossBefore, lossAfter } = json as { shown: number; lossBefore: number; lossAfter: number };
  expect(shown).toBe(4);
  expect(lossAfter).toBeLessThan(lossBefore);
  const page = await readFile(output, "utf8");
  expect(page).toContain("after training");
  expect(page).not.toContain("<b>there");
  const chinese = await runLathe([...words, "--language", "zh"]);
  expect(chinese.stdout).toContain("数据页面");
  expect(await readFile(output, "utf8")).toContain("词元显微镜");
});

it("says what is wrong with a run and a model", async () => {
  const noRun = await runLathe(["data", "report", prepared, "--run", folder]);
  expect(noRun.code).toBe(2);
  expect(noRun.stderr).toContain(folder);
  const none = await runLathe(["data", "report", join(folder, "none")]);
  expect(none.code).toBe(2);
  expect(none.stderr).toContain("has no rows in train.jsonl");
});
