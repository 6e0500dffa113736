/** What Python's programs read is proven there. Runs where Python has them: python3, or the interpreter in LATHE_PYTHON. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { hasPythonPackages, openTransformers } from "@lathe/export/gate";
import { sayPhrase } from "@lathe/files";
import { loadModel } from "@lathe/model";
import { attach, saveAdapter } from "@lathe/peft";
import { startEngine } from "@lathe/tensor";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { quantizeModel } from "../quantize-model.js";
import { loraFixture, temporaryFolder, tinyModel } from "../testing/folders.js";
import { exportModel } from "./export-model.js";
import { gateExport } from "./gate-export.js";

const chinese = fileURLToPath(new URL("../../../../examples/customer-service/base-model", import.meta.url));
const adapterOf = (name: string): string => join(loraFixture(name), "adapter_end");

const mlxScript = fileURLToPath(
  new URL("../../../../scripts/reference/mlx_adapter_logits.py", import.meta.url),
);
const mlxLoader = fileURLToPath(
  new URL("../../../../scripts/reference/mlx_loads_adapter.py", import.meta.url),
);
const run = promisify(execFile);

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
});
const fresh = (): string => join(folder, `output-${++count}`);

/** Exports and says what was warned of. */
async function exported(options: Parameters<typeof exportModel>[0]) {
  const warnings: string[] = [];
  const outcome = await exportModel({
    ...options,
    onEvent(event) {
      if (event.type === "warning") warnings.push(sayPhrase(event.phrase));
    },
  });
  return { ...outcome, warnings: warnings.join("\n") };
}

describe("where Python has no PEFT", () => {
  beforeAll(() => {
    vi.stubEnv("LATHE_PYTHON", join(folder, "no-python"));
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  it.each([
    ["peft", "PEFT"],
    ["merged", "Transformers"],
  ] as const)("%s is written with a warning, and refused where prompts are given", async (to, program) => {
    const shared = { model: tinyModel("qwen2"), adapter: adapterOf("qwen2-qv"), to };
    const output = fresh();
    const { warnings, gate } = await exported({ ...shared, output });
    expect(gate).toBeNull();
    expect(warnings).toContain(
      `the export is not proven: ${program}, in which it would be, is not installed`,
    );
    expect(await readFile(`${output}.card.md`, "utf8")).toContain("**Not proven**");
    const refused = fresh();
    await expect(
      exported({ ...shared, output: refused, gatePrompts: [{ input_ids: [1, 2, 3, 4] }] }),
    ).rejects.toThrow(/expected a Python that has torch, transformers.*python3 -m pip install torch/);
    await expect(stat(refused)).rejects.toThrow("ENOENT");
  });
});

const hasPython = await hasPythonPackages(["torch", "transformers", "peft"]);
const hasMlx = hasPython && (await hasPythonPackages(["mlx", "mlx_lm"]));

describe.skipIf(!hasPython)("in Python", () => {
  // One of each: to load PyTorch takes longer than all else.
  it.each([
    ["qwen2", "qwen2-all-rs", "peft"],
    ["qwen3", "qwen3-pattern", "peft"],
    ["llama", "llama-dora", "merged"],
  ] as const)(
    "%s with %s as %s is proven to the last token",
    async (base, adapter, to) => {
      const output = fresh();
      const { gate, warnings } = await exported({
        model: tinyModel(base),
        adapter: adapterOf(adapter),
        to,
        output,
      });
      expect(warnings).toBe("");
      expect(gate).toMatchObject({ passed: true, equalGreedyTokens: gate!.greedyTokens });
      expect(gate!.largestLogitDifference).toBeLessThan(1e-4);
      expect(await readFile(`${output}.card.md`, "utf8")).toContain("Proven in ");
      expect(await readdir(output)).toContain(
        to === "peft" ? "adapter_model.safetensors" : "model.safetensors",
      );
    },
    300_000,
  );

  it.each([
    ["qwen2", "qwen2-all-rs"],
    ["qwen2", "qwen2-qv"],
    ["qwen3", "qwen3-pattern"],
    ["llama", "llama-dora"],
  ] as const)(
    "%s with %s for MLX has every tensor that its loader puts to a linear, and PEFT's logits",
    async (base, adapter) => {
      const output = fresh();
      const model = tinyModel(base);
      await exported({ model, adapter: adapterOf(adapter), to: "mlx", output });
      const python = process.env["LATHE_PYTHON"] ?? "python3";
      const { stdout } = await run(python, [mlxScript, model, adapterOf(adapter), output]);
      const report = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, unknown>;
      expect(report).toMatchObject({ unused: [], missing: [], misshapen: [] });
      expect(report["difference"]).toBeLessThan(2e-4);
      expect(report["effect"]).toBeGreaterThan(0.01);
    },
    300_000,
  );

  it.skipIf(!hasMlx).each([
    ["qwen2", "qwen2-all-rs"],
    ["qwen3", "qwen3-pattern"],
    ["llama", "llama-dora"],
  ] as const)(
    "%s with %s is loaded by mlx-lm itself, with PEFT's logits",
    async (base, adapter) => {
      const output = fresh();
      const model = tinyModel(base);
      await exported({ model, adapter: adapterOf(adapter), to: "mlx", output });
      const python = process.env["LATHE_PYTHON"] ?? "python3";
      const { stdout } = await run(python, [mlxLoader, model, adapterOf(adapter), output]);
      const report = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, unknown>;
      expect(report["missing"]).toEqual([]);
      expect(report["difference"]).toBeLessThan(2e-4);
    },
    300_000,
  );

  it("a merged model of the quick start has the template and the tokens of its base", async () => {
    await startEngine("native", "fp32");
    const adapter = join(folder, "new");
    const model = await loadModel(chinese);
    attach(model, { rank: 4, alpha: 16, targets: ["q_proj", "v_proj"], seed: 5 });
    await saveAdapter(model, adapter);
    model.dispose();
    const { gate } = await exported({ model: chinese, adapter, to: "merged", output: fresh() });
    expect(gate).toMatchObject({ passed: true, textsTokenised: gate!.prompts });
  }, 300_000);

  it("what another adapter has made is refused", async () => {
    const output = fresh();
    const shared = { model: tinyModel("qwen2"), to: "merged" } as const;
    await exported({ ...shared, adapter: adapterOf("qwen2-all-rs"), output, gate: false });
    const outcome = await gateExport({
      ...shared,
      adapter: adapterOf("qwen2-qv"),
      bounds: { logits: 0.001, tie: 0.001, greedy: 1 },
      asksIds: true,
      open: ({ hasTokenizer }) => openTransformers(output, { hasTokenizer }),
      report: `${output}.gate.json`,
    });
    expect(outcome).toMatchObject({ passed: false, firstDifference: { prompt: 0, what: "logits" } });
  }, 300_000);

  it("what Transformers does not open is told with its complaint", async () => {
    const empty = fresh();
    await mkdir(empty);
    await expect(openTransformers(empty, { hasTokenizer: false })).rejects.toThrow(
      /a folder that Transformers opens, got its complaint “\w*Error/,
    );
  }, 300_000);

  it("an adapter over packed weights is not proven, and what is merged onto them is", async () => {
    const packed = fresh();
    await quantizeModel({ model: tinyModel("qwen2"), output: packed, format: "nf4" });
    const shared = { model: packed, adapter: adapterOf("qwen2-qv") };
    const { gate, warnings } = await exported({ ...shared, to: "peft", output: fresh() });
    expect(gate).toBeNull();
    expect(warnings).toContain("PEFT would read the packed weights");
    await expect(
      exported({ ...shared, to: "peft", output: fresh(), gatePrompts: [{ input_ids: [1, 2, 3, 4] }] }),
    ).rejects.toThrow("expected weights that are not packed");
    const merged = await exported({ ...shared, to: "merged", output: fresh() });
    expect(merged.gate).toMatchObject({ passed: true });
  }, 300_000);
});
