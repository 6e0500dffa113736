/** PEFT itself loads what Lathe wrote. Runs where Python has PEFT: python3, or the interpreter in LATHE_PYTHON. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attach } from "./attach.js";
import type { LoraConfig } from "./lora-config.js";
import { saveAdapter } from "./save-adapter.js";
import { fixtureModel, loadFixture, logitsOf, packagePath } from "./testing.js";
import { seededFloats } from "../../tensor/testing/seeded-floats.js";
import { trainableParameters } from "./trainable-parameters.js";

const { LATHE_PYTHON: named = "" } = process.env;
const python = named === "" ? "python3" : named;
const asksForPeft =
  "import importlib.util as u, sys; sys.exit(0 if u.find_spec('peft') and u.find_spec('torch') else 1)";
const hasPeft = spawnSync(python, ["-c", asksForPeft]).status === 0;
const script = packagePath("../../scripts/reference/peft_loads_adapter.py");

const cases: { base: string; options: Partial<LoraConfig> }[] = [
  { base: "qwen2", options: {} },
  {
    base: "qwen2",
    options: { targets: "all-linear", useRslora: true, excludeModules: ["0.self_attn.q_proj"] },
  },
  { base: "llama", options: { targets: ["attention", "down_proj"], useDora: true, rank: 4, dropout: 0 } },
  {
    base: "qwen3",
    options: {
      targets: ["q_proj", "o_proj", "up_proj", "lm_head"],
      rankPattern: { o_proj: 4, [String.raw`layers\.2\..*q_proj`]: 3 },
      alphaPattern: { "mlp.up_proj": 5 },
      useDora: true,
      useRslora: true,
    },
  },
  { base: "qwen3", options: { targets: ["q_proj", "up_proj"], layers: { start: 1, end: 3 } } },
  { base: "llama", options: { targets: String.raw`model\.layers\.[02]\.self_attn\.(q|v)_proj` } },
  { base: "qwen2", options: { bias: "all", rank: 4 } },
  { base: "qwen2", options: { bias: "lora_only", modulesToSave: ["norm"], rank: 4 } },
  { base: "llama", options: { modulesToSave: ["lm_head", "embed_tokens"], rank: 4 } },
  { base: "qwen2", options: { init: "pissa", rank: 4, rankPattern: { v_proj: 2 } } },
];

const skipped = hasPeft ? "" : " (skipped: Python has no PEFT with PyTorch)";

describe.skipIf(!hasPeft)(`PEFT${skipped}`, () => {
  let folder: string;
  beforeAll(async () => {
    await startEngine("wasm");
    folder = await mkdtemp(join(tmpdir(), "lathe-loads-"));
  });
  afterAll(async () => await rm(folder, { recursive: true }));

  it.each(cases)(
    "loads every key and has the same logits within 2e-4: $base, $options",
    async ({ base, options }) => {
      const model = await loadFixture(base);
      attach(model, options);
      const floats = seededFloats(21);
      for (const { variable, name } of trainableParameters(model)) {
        const noise = floats(variable.size).map((value) => value / 10 + (name.endsWith("vector") ? 1 : 0));
        variable.assign(tf.tensor(noise, variable.shape));
      }
      const ids = [5, 17, 200, 3, 44, 91, 18];
      const flat = [...logitsOf(model, ids)];
      const width = flat.length / ids.length;
      const logits = ids.map((_, row) => flat.slice(row * width, (row + 1) * width));
      const adapter = join(folder, `${base}-${cases.findIndex((one) => one.options === options)}`);
      await saveAdapter(model, adapter, { baseModel: base });
      model.dispose();
      await writeFile(`${adapter}.json`, JSON.stringify({ ids, logits }));
      // A disagreement ends with status 1 and has its line all the same.
      const { stdout, stderr } = spawnSync(python, [script, fixtureModel(base), adapter, `${adapter}.json`], {
        encoding: "utf8",
      });
      expect(stdout, stderr).not.toBe("");
      expect(JSON.parse(stdout.trim().split("\n").at(-1)!)).toMatchObject({
        agrees: true,
        missingKeys: [],
        unusedKeys: [],
        differentKeys: [],
      });
    },
    300_000,
  );
});
