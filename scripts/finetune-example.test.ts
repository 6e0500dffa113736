/** The program of twenty lines runs against the built workspace, on a small model, and leaves an adapter. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "./pnpm.mjs";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lathe-example-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it("fine-tunes, answers and leaves an adapter", { timeout: 120_000 }, () => {
  const data = join(folder, "rows.jsonl");
  writeFileSync(data, '{"input": "Who is there?", "output": "A cat."}\n'.repeat(4));
  const output = join(folder, "run");
  const model = join(root, "packages/model/fixtures/stories260k");
  const words = [join(root, "examples/finetune/finetune.mjs"), model, data, output, "2"];
  const printed = execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
  expect(printed).toMatch(/^step 1 of 2: loss \d+\.\d{4}\nstep 2 of 2: loss \d+\.\d{4}\n/);
  expect(printed).toContain(`adapter: ${output}/adapter`);
  expect(readdirSync(join(output, "adapter")).sort()).toEqual([
    "adapter_config.json",
    "adapter_model.safetensors",
    "lathe.json",
  ]);
});
