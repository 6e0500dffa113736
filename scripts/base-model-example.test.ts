/** The base model's own recipe runs against the built workspace, for two steps. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "./pnpm.mjs";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lathe-base-model-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const linesOf = (name: string): { input_ids: number[] }[] =>
  readFileSync(join(folder, name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { input_ids: number[] });

it("keeps dialogues back, trains first weights and writes a model", { timeout: 240_000 }, () => {
  const program = join(root, "examples/base-model/run.mjs");
  const flags = [
    "--output",
    folder,
    "--max-steps",
    "2",
    "--warmup-steps",
    "1",
    "--batch-size",
    "2",
    "--json",
  ];
  const printed = execFileSync(process.execPath, [program, ...flags], { encoding: "utf8" });
  const summary = JSON.parse(printed) as { steps: number; loss: number; validationLoss: number };
  expect(summary.steps).toBe(2);
  // It has learnt next to nothing: all 4,096 tokens are about as likely.
  expect(Math.abs(summary.validationLoss - Math.log(4096))).toBeLessThan(0.6);

  const [training, heldOut] = [linesOf("training.jsonl"), linesOf("held-out.jsonl")];
  expect([training.length, heldOut.length]).toEqual([1800, 60]);
  // The tokens that the model of the quick start was trained on, by its README.
  expect(training.reduce((sum, { input_ids: ids }) => sum + ids.length, 0)).toBe(342_194);
  expect(Math.max(...heldOut.map(({ input_ids: ids }) => ids.length))).toBe(256);
  expect(readdirSync(join(folder, "run/model"))).toEqual(
    expect.arrayContaining(["chat_template.jinja", "config.json", "model.safetensors", "tokenizer.json"]),
  );
});
