/** Transformers and PyTorch make the same of an nf4 folder. Runs where Python has them: python3, or LATHE_PYTHON. */
import { flatBatch, loadModel } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { linearReader } from "./linear-reader.js";
import { quantizeWeights } from "./quantize-weights.js";

const { LATHE_PYTHON: named = "" } = process.env;
const python = named === "" ? "python3" : named;
const asks =
  "import importlib.util as u, sys; sys.exit(0 if u.find_spec('transformers') and u.find_spec('torch') else 1)";
const hasTransformers = spawnSync(python, ["-c", asks]).status === 0;
const script = fileURLToPath(
  new URL("../../../scripts/reference/transformers_reads_nf4.py", import.meta.url),
);
const fixtures = fileURLToPath(new URL("../../model/fixtures/", import.meta.url));

const skipped = hasTransformers ? "" : " (skipped: Python has no Transformers with PyTorch)";

describe.skipIf(!hasTransformers)(`Transformers${skipped}`, () => {
  it.each(["models/qwen2", "models/llama", "models/qwen3", "stories260k"])(
    "has the same logits within 2e-4 from a folder in nf4: %s",
    async (name) => {
      const folder = await mkdtemp(join(tmpdir(), "lathe-nf4-"));
      try {
        await startEngine("wasm");
        const output = join(folder, "nf4");
        await quantizeWeights({ model: join(fixtures, name), output, format: "nf4" });
        const model = await loadModel(output, { readLinear: await linearReader(output, "none") });
        const ids = [5, 17, 200, 3, 44, 91, 18];
        const inputIds = Int32Array.from(ids);
        const hidden = model.hiddenStates(flatBatch([{ inputIds, labels: inputIds }]));
        const projected = model.project(hidden);
        const logits = projected.arraySync();
        for (const part of [hidden, projected, model]) part.dispose();
        const file = join(folder, "logits.json");
        await writeFile(file, JSON.stringify({ ids, logits }));
        // A disagreement ends with status 1 and has its line all the same.
        const { stdout, stderr } = spawnSync(python, [script, output, file], { encoding: "utf8" });
        expect(stdout, stderr).not.toBe("");
        expect(JSON.parse(stdout.trim().split("\n").at(-1)!)).toMatchObject({
          agrees: true,
          notPacked: [],
          missingKeys: [],
          unusedKeys: [],
        });
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    300_000,
  );
});
