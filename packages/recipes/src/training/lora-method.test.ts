/** Adapters trained by the recipe as PEFT trained them (packages/peft/fixtures/README.md says how). */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StepReport } from "@lathe/train";
import { describe, expect, it } from "vitest";
import { evaluateModel } from "../evaluate-model.js";
import type { FinetuneOptions } from "../finetune-options.js";
import { mergeAdapter } from "../merge-adapter.js";
import { adapterOf, loraFixture, newRun, tinyModel } from "../testing/folders.js";
import { finish } from "../testing/finish.js";
import {
  largestDifference,
  readJson,
  recordedLearning,
  recordedRows,
  type RecordedRun,
  tensorsOf,
} from "../testing/recorded-runs.js";

/** Relative to PEFT's values; for weights absolute. */
const TOLERANCE = 1e-4;

describe.each([
  ["llama-modules-to-save", {}],
  ["qwen2-bias-lora-only", {}],
  ["qwen2-lora-plus", { loraPlusRatio: 16 }],
] as const)("%s", (name, more) => {
  it("has PEFT's losses and norms, and an adapter of PEFT's names and values", async () => {
    const fixture = loraFixture(name);
    const expected = await readJson<RecordedRun>(join(fixture, "expected.json"));
    const output = newRun();
    const reports: StepReport[] = [];
    const start = join(fixture, "adapter_start");
    await finish(
      {
        model: tinyModel(expected.base_model),
        data: await recordedRows(fixture),
        output,
        initAdapter: start,
        train: recordedLearning,
        precision: "fp32",
        ...more,
      },
      (report) => reports.push(report),
    );
    expect(reports).toHaveLength(expected.steps.length);
    for (const [index, { loss, gradNorm }] of reports.entries()) {
      const right = expected.steps[index];
      expect(Math.abs(loss / right.loss - 1), `loss of step ${index + 1}`).toBeLessThan(TOLERANCE);
      expect(Math.abs(gradNorm / right.grad_norm - 1), `norm of step ${index + 1}`).toBeLessThan(TOLERANCE);
    }
    const [written, right] = await Promise.all(
      [join(output, "adapter"), join(fixture, "adapter_end")].map((path) =>
        tensorsOf(join(path, "adapter_model.safetensors")),
      ),
    );
    expect([...written.keys()].sort()).toEqual([...right.keys()].sort());
    for (const [tensor, values] of written) {
      expect(largestDifference(values, right.get(tensor)!), tensor).toBeLessThan(TOLERANCE);
    }
    const config = (path: string): Promise<Record<string, unknown>> =>
      readJson(join(path, "adapter_config.json"));
    const { base_model_name_or_path: _base, ...wanted } = await config(join(fixture, "adapter_end"));
    expect(await config(join(output, "adapter"))).toMatchObject(wanted);
  });
});

describe("method lora", () => {
  const model = tinyModel("qwen2");
  const whole: FinetuneOptions = {
    model,
    lora: { rank: 4, bias: "all", modulesToSave: ["lm_head", "norm"], dropout: 0.1 },
    loraPlusRatio: 4,
    layerRateDecay: 0.8,
    train: { ...recordedLearning, saveEvery: 3 },
  };

  it.each([
    ["biases and modules included", {}],
    ["with the components that were taken from the weights", { lora: { rank: 4, init: "pissa" } }],
  ] as const)("goes on after an interrupt to the same bits, %s", async (_what, more) => {
    const data = await recordedRows(loraFixture("qwen2-lora-plus"));
    const [uncut, parts] = [newRun(), newRun()];
    const options: FinetuneOptions = { ...whole, ...more, data };
    await finish({ ...options, output: uncut });
    const abort = new AbortController();
    await finish({ ...options, output: parts, signal: abort.signal }, ({ step }) => {
      if (step === 4) abort.abort();
    });
    await finish({ output: parts, data, resume: true });
    expect((await adapterOf(parts)).equals(await adapterOf(uncut))).toBe(true);
  });

  it("packs the base together with the adapter (LoftQ), which is nearer to the weights, and goes on to the same bits", async () => {
    const data = await recordedRows(loraFixture("qwen2-lora-plus"));
    // Rows of 64 weights, as nf4 wants them.
    const lora = { rank: 8, alpha: 16, dropout: 0, init: "loftq", targets: ["all-linear"] } as const;
    const still = { ...recordedLearning, learningRate: 0, maxSteps: 1, warmupSteps: 0 };
    const start = newRun();
    const base: FinetuneOptions = { model, data, quantize: "nf4", precision: "fp32" };
    const summary = await finish({ ...base, lora, train: still, output: start });
    expect(summary.base).toBe(join(start, "base"));
    const lossOf = async (
      options: Omit<Parameters<typeof evaluateModel>[0], "data">,
      rows: typeof data = data,
    ): Promise<number> => (await evaluateModel({ ...options, data: rows, precision: "fp32" })).loss!;
    const stored = { model: summary.base!, adapter: join(start, "adapter") };
    const [plain, packed, together] = [
      await lossOf({ model }),
      await lossOf({ model, quantize: "nf4" }),
      await lossOf(stored),
    ];
    expect(Math.abs(together - plain)).toBeLessThan(Math.abs(packed - plain));
    // What was trained over is what lies on the disk: the rows of the only step have its loss.
    expect(Math.abs((await lossOf(stored, data.slice(0, 4))) / summary.loss! - 1)).toBeLessThan(1e-5);

    const [uncut, parts] = [newRun(), newRun()];
    const options: FinetuneOptions = { ...base, lora, train: { ...recordedLearning, saveEvery: 3 } };
    await finish({ ...options, output: uncut });
    const abort = new AbortController();
    await finish({ ...options, output: parts, signal: abort.signal }, ({ step }) => {
      if (step === 4) abort.abort();
    });
    await finish({ output: parts, data, resume: true });
    expect((await adapterOf(parts)).equals(await adapterOf(uncut))).toBe(true);
    const [a, b] = await Promise.all(
      [uncut, parts].map((run) => readFile(join(run, "base/model.safetensors"))),
    );
    expect(a.equals(b)).toBe(true);
    await expect(finish({ ...base, model: join(uncut, "base"), lora })).rejects.toMatchObject({
      fields: ["lora.init"],
    });
    await expect(finish({ model, data, lora })).rejects.toMatchObject({ fields: ["lora.init"] });
  });

  it("is evaluated as it is merged", async () => {
    const data = await recordedRows(loraFixture("qwen2-lora-plus"));
    const [run, merged] = [newRun(), newRun()];
    await finish({ ...whole, data, output: run });
    const adapter = join(run, "adapter");
    await mergeAdapter({ model, adapter, output: merged });
    const [beside, within, without] = await Promise.all(
      [{ model, adapter }, { model: merged }, { model }].map(
        async (options) => (await evaluateModel({ ...options, data, precision: "fp32" })).loss!,
      ),
    );
    expect(Math.abs(within / beside - 1)).toBeLessThan(TOLERANCE);
    expect(Math.abs(without / beside - 1)).toBeGreaterThan(10 * TOLERANCE);
  });

  it("says that an adapter to start from has its own biases and modules", async () => {
    const data = await recordedRows(loraFixture("qwen2-lora-plus"));
    const initAdapter = join(loraFixture("qwen2-bias-lora-only"), "adapter_start");
    const lora = { bias: "all", modulesToSave: ["lm_head"] } as const;
    await expect(finish({ model, data, initAdapter, lora: { init: "pissa" } })).rejects.toMatchObject({
      fields: ["lora.init"],
    });
    await expect(finish({ model, data, initAdapter, lora })).rejects.toMatchObject({
      fields: ["lora.bias", "lora.modulesToSave"],
    });
    await expect(finish({ model, data, lora: { modulesToSave: ["score"] } })).rejects.toMatchObject({
      fields: ["lora.modulesToSave"],
    });
  });

  it("learns only at the rates it was given", async () => {
    // With a factor of nearly nothing below the last layer, the first layers hardly move.
    const data = await recordedRows(loraFixture("qwen2-lora-plus"));
    const output = newRun();
    const lora = { rank: 2, dropout: 0 };
    await finish({ model, data, output, lora, layerRateDecay: 1e-6, train: recordedLearning });
    const largest = (values: Float32Array): number => Math.max(...values.map(Math.abs));
    for (const [tensor, values] of await tensorsOf(join(output, "adapter/adapter_model.safetensors"))) {
      if (tensor.includes("lora_B")) expect(largest(values), tensor).toBeLessThan(1e-7);
    }
  });
});
