/** Processes that are killed run the built packages. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, it, vi } from "vitest";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";

vi.setConfig({ testTimeout: 240_000 });

const lathe = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
let folder: string;
let config: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 8 }, (_, row) => ({ input_ids: [row, row + 1, row + 2, row + 3] }));
  config = join(folder, "run.yaml");
  const settings = {
    model: tinyModel("qwen2"),
    data: await writeJsonl(join(folder, "rows.jsonl"), rows),
    output: join(folder, "mine"),
    overwrite: true,
    logEvery: 5,
    batchSize: 2,
    learningRate: 0.01,
  };
  await writeFile(config, JSON.stringify(settings));
});

const run = (...words: string[]) =>
  spawnSync(process.execPath, [lathe, "verify-resume", "--config", config, ...words], { encoding: "utf8" });

it("tries a config of train, says what it found, and touches no run", async () => {
  const before = await readdir(folder);
  const { status, stdout, stderr } = run("--kills", "2", "--steps", "4", "--json");
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ kills: 2, equal: true });
  expect(stderr).toContain("kill 2 of 2");
  expect(await readdir(folder)).toEqual(before);
});

it("refuses what train refuses, by its flag", () => {
  const { status, stderr } = run("--rank", "0");
  expect(status).toBe(2);
  expect(stderr).toContain("--rank: expected a whole number from 1, got 0");
});
