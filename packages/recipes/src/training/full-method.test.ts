/** Whole models trained by the recipe as Transformers trained them (packages/train/fixtures/README.md says how). */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { flatBatch } from "@lathe/model";
import { tensorMemory } from "@lathe/tensor";
import type { StepReport } from "@lathe/train";
import { beforeAll, describe, expect, it } from "vitest";
import type { FinetuneOptions } from "../finetune-options.js";
import { openModel } from "../model/open-model.js";
import { quantizeModel } from "../quantize-model.js";
import { RecipeError } from "../recipe-error.js";
import { fullFixture, newRun, temporaryFolder, tinyModel } from "../testing/folders.js";
import { finish } from "../testing/finish.js";
import {
  largestDifference,
  readJson,
  recordedLearning,
  recordedRows,
  type RecordedRun,
  tensorsOf,
} from "../testing/recorded-runs.js";

/** Relative to Transformers' values; for weights absolute. */
const TOLERANCE = 1e-4;

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

describe.each([
  ["qwen2-full", undefined],
  ["llama-full", undefined],
  ["llama-modules", ["model.layers.2.", "lm_head"]],
])("%s", (name, trainable) => {
  it("has Transformers' losses, norms and weights, in a folder that is a model", async () => {
    const expected = await readJson<RecordedRun>(join(fullFixture(name), "expected.json"));
    const output = newRun();
    const reports: StepReport[] = [];
    const model = tinyModel(expected.base_model);
    const summary = await finish(
      {
        model,
        data: await recordedRows(fullFixture(name)),
        output,
        method: "full",
        full: { trainable },
        train: recordedLearning,
        precision: "fp32",
      },
      (report) => reports.push(report),
    );
    expect(summary).toMatchObject({ adapter: null, model: join(output, "model"), interrupted: false });
    expect(reports).toHaveLength(expected.steps.length);
    for (const [index, { loss, gradNorm }] of reports.entries()) {
      const right = expected.steps[index];
      expect(Math.abs(loss / right.loss - 1), `loss of step ${index + 1}`).toBeLessThan(TOLERANCE);
      expect(Math.abs(gradNorm / right.grad_norm - 1), `norm of step ${index + 1}`).toBeLessThan(TOLERANCE);
    }
    const [written, right, before] = await Promise.all(
      [join(output, "model"), fullFixture(name), model].map((path) =>
        tensorsOf(join(path, "model.safetensors")),
      ),
    );
    expect([...written.keys()].sort()).toEqual([...before.keys()].sort());
    const size = expected.trained_tensors.reduce((sum, tensor) => sum + before.get(tensor)!.length, 0);
    expect(summary.trainableParameters).toBe(size);
    for (const [tensor, values] of written) {
      if (expected.trained_tensors.includes(tensor)) {
        expect(largestDifference(values, right.get(tensor)!), tensor).toBeLessThan(TOLERANCE);
      } else {
        expect(values, tensor).toEqual(before.get(tensor));
      }
    }

    const opened = await openModel(join(output, "model"), { precision: "fp32" });
    const ids = Int32Array.from(expected.probe_input_ids);
    const hidden = opened.model.hiddenStates(flatBatch([{ inputIds: ids, labels: ids }]));
    const logits = opened.model.project(hidden);
    const last = logits.dataSync().slice(-expected.probe_logits_last.length) as Float32Array;
    expect(largestDifference(last, Float32Array.from(expected.probe_logits_last))).toBeLessThan(
      10 * TOLERANCE,
    );
    hidden.dispose();
    logits.dispose();
    opened.dispose();
  });
});

describe("method full", () => {
  const model = tinyModel("qwen2");

  it("smooths labels as Transformers does, and leaves that out of evaluations", async () => {
    const name = "qwen2-smoothing";
    const expected = await readJson<RecordedRun & { readonly weights_l2: Record<string, number> }>(
      join(fullFixture(name), "expected.json"),
    );
    const reports: StepReport[] = [];
    const output = newRun();
    const data = await recordedRows(fullFixture(name));
    await finish(
      {
        model,
        data,
        validation: data.slice(0, 4),
        output,
        method: "full",
        loss: { labelSmoothing: 0.1 },
        train: { ...recordedLearning, evalEvery: 1 },
        precision: "fp32",
      },
      (report) => reports.push(report),
    );
    for (const [index, { loss, gradNorm }] of reports.entries()) {
      const right = expected.steps[index];
      expect(Math.abs(loss / right.loss - 1), `loss of step ${index + 1}`).toBeLessThan(TOLERANCE);
      expect(Math.abs(gradNorm / right.grad_norm - 1), `norm of step ${index + 1}`).toBeLessThan(TOLERANCE);
    }
    // The rate of the first step is 0: the rows of that step are evaluated under the very weights.
    const [{ validationLoss, loss }] = reports;
    expect(Math.abs(validationLoss! / expected.steps[0].nll - 1)).toBeLessThan(TOLERANCE);
    expect(Math.abs(validationLoss! / loss - 1)).toBeGreaterThan(10 * TOLERANCE);
    for (const [tensor, values] of await tensorsOf(join(output, "model/model.safetensors"))) {
      const length = Math.hypot(...values);
      expect(Math.abs(length / expected.weights_l2[tensor] - 1), tensor).toBeLessThan(TOLERANCE);
    }
  });

  it.each([
    ["noise on embeddings", { neftuneAlpha: 5 }],
    ["dropout of the residual stream", { residualDropout: 0.2 }],
  ])("takes %s from the seed, in training alone, and to the same bits again", async (_, noise) => {
    const data = await recordedRows(fullFixture("qwen2-full"));
    const lossesOf = async (options: Partial<FinetuneOptions>): Promise<StepReport[]> => {
      const reports: StepReport[] = [];
      const train = { ...recordedLearning, maxSteps: 3, evalEvery: 1 };
      await finish({ model, data, validation: data, method: "full", train, ...options }, (report) =>
        reports.push(report),
      );
      return reports;
    };
    const [plain, noisy, again, recomputed] = [
      await lossesOf({}),
      await lossesOf(noise),
      await lossesOf(noise),
      await lossesOf({ ...noise, checkpointing: "block" }),
    ];
    expect(noisy.map(({ loss }) => loss)).toEqual(again.map(({ loss }) => loss));
    expect(noisy.map(({ loss }) => loss)).toEqual(recomputed.map(({ loss }) => loss));
    expect(noisy[0].loss).not.toBe(plain[0].loss);
    expect(noisy[0].validationLoss).toBe(plain[0].validationLoss);
  });

  it("goes on after an interrupt to the same bits, and frees all it had", async () => {
    const data = await recordedRows(fullFixture("qwen2-full"));
    const options: FinetuneOptions = {
      model,
      data,
      method: "full",
      train: { ...recordedLearning, saveEvery: 2 },
    };
    const [whole, parts] = [newRun(), newRun()];
    await finish({ ...options, output: whole });
    const { tensors } = tensorMemory();
    const abort = new AbortController();
    await finish({ ...options, output: parts, signal: abort.signal }, ({ step }) => {
      if (step === 5) abort.abort();
    });
    const rest = await finish({ output: parts, data, resume: true });
    expect(rest).toMatchObject({ interrupted: false, steps: 10, model: join(parts, "model") });
    const [a, b] = await Promise.all(
      [whole, parts].map((run) => readFile(join(run, "model/model.safetensors"))),
    );
    expect(a.equals(b)).toBe(true);
    expect(tensorMemory().tensors).toBe(tensors);
  });

  it.each(["adamw8bit", "adafactor"] as const)(
    "goes on with %s to the same bits, moments included",
    async (optimizer) => {
      const { beta2: _beta2, ...others } = recordedLearning;
      const train = { ...others, optimizer, saveEvery: 3 };
      const data = await recordedRows(fullFixture("llama-full"));
      const options: FinetuneOptions = { model: tinyModel("llama"), data, method: "full", train };
      const [whole, parts] = [newRun(), newRun()];
      await finish({ ...options, output: whole });
      const abort = new AbortController();
      await finish({ ...options, output: parts, signal: abort.signal }, ({ step }) => {
        if (step === 4) abort.abort();
      });
      await finish({ output: parts, data, resume: true });
      const [a, b] = await Promise.all(
        [whole, parts].map((run) => readFile(join(run, "model/model.safetensors"))),
      );
      expect(a.equals(b)).toBe(true);
    },
  );

  describe("a few layers at a time (LISA)", () => {
    const layers = tinyModel("llama");
    const train = { ...recordedLearning, warmupSteps: 0, saveEvery: 2, keepCheckpoints: 0 };

    it("trains those alone, and what lies outside of layers, and others in the next period", async () => {
      const data = await recordedRows(fullFixture("llama-full"));
      const output = newRun();
      const full = { lisaLayers: 1, lisaEvery: 2 };
      await finish({ model: layers, data, method: "full", full, train, output });
      let before = await tensorsOf(join(layers, "model.safetensors"));
      const drawn: number[] = [];
      for (const step of [2, 4, 6, 8]) {
        const path = join(output, `checkpoints/step-${step}`);
        const after = await tensorsOf(join(path, "parameters.safetensors"));
        const names = [...after]
          .filter(([name, values]) => largestDifference(values, before.get(name)!) > 0)
          .map(([name]) => name);
        expect(names).toEqual(expect.arrayContaining(["lm_head.weight", "model.embed_tokens.weight"]));
        const layersIn = (of: Iterable<string>): Set<string> =>
          new Set([...of].flatMap((name) => /layers\.(\d+)\./.exec(name)?.[1] ?? []));
        const numbers = layersIn(names);
        expect(numbers.size, `step ${step}`).toBe(1);
        const [layer] = numbers;
        drawn.push(Number(layer));
        expect(names.filter((name) => name.includes(`layers.${layer}.`))).toHaveLength(9);
        const moments = await tensorsOf(join(path, "optimizer.safetensors"));
        expect(layersIn(moments.keys())).toEqual(numbers);
        before = after;
      }
      expect(new Set(drawn).size).toBeGreaterThan(1);
    });

    it("takes the gradients and moments of those alone", async () => {
      const data = await recordedRows(fullFixture("llama-full"));
      const bytesOf = async (full: FinetuneOptions["full"]): Promise<number[]> => {
        const bytes: number[] = [];
        const options: FinetuneOptions = { model: layers, data, method: "full", full, train };
        await finish(options, ({ tensorBytes }) => bytes.push(tensorBytes));
        return bytes;
      };
      const [all, sampled] = [await bytesOf({}), await bytesOf({ lisaLayers: 1, lisaEvery: 2 })];
      const stored = await tensorsOf(join(layers, "model.safetensors"));
      const ofLayer = [...stored]
        .filter(([name]) => name.includes("layers.0."))
        .reduce((sum, [, values]) => sum + values.byteLength, 0);
      // Two moments of two layers fewer, at every step.
      for (const [index, bytes] of sampled.entries()) expect(all[index] - bytes).toBe(2 * 2 * ofLayer);
    });

    it("goes on in the middle of a period, and at the end of one, to the same bits", async () => {
      const data = await recordedRows(fullFixture("llama-full"));
      const full = { lisaLayers: 1, lisaEvery: 3 };
      const options: FinetuneOptions = { model: layers, data, method: "full", full, train };
      const whole = newRun();
      await finish({ ...options, output: whole });
      const right = await readFile(join(whole, "model/model.safetensors"));
      for (const last of [4, 6]) {
        const parts = newRun();
        const abort = new AbortController();
        await finish({ ...options, output: parts, signal: abort.signal }, ({ step }) => {
          if (step === last) abort.abort();
        });
        await finish({ output: parts, data, resume: true });
        expect((await readFile(join(parts, "model/model.safetensors"))).equals(right)).toBe(true);
      }
    });

    it("is full training where all layers are drawn and no period ends", async () => {
      const data = await recordedRows(fullFixture("llama-full"));
      const [all, sampled] = [newRun(), newRun()];
      const options: FinetuneOptions = { model: layers, data, method: "full", train };
      await finish({ ...options, output: all });
      await finish({ ...options, full: { lisaLayers: 3, lisaEvery: 100 }, output: sampled });
      const [a, b] = await Promise.all(
        [all, sampled].map((run) => readFile(join(run, "model/model.safetensors"))),
      );
      expect(a.equals(b)).toBe(true);
    });

    it("names what cannot be", async () => {
      const data = await recordedRows(fullFixture("llama-full"));
      const options: FinetuneOptions = { model: layers, data, method: "full" };
      await expect(finish({ ...options, full: { lisaLayers: 4 } })).rejects.toThrow(
        "full.lisaLayers: expected a whole number from 1 to the 3 layers, got 4",
      );
      await expect(finish({ ...options, full: { lisaEvery: 4 } })).rejects.toMatchObject({
        fields: ["full.lisaEvery"],
      });
    });
  });

  it("leaves the trained weights on a model that was handed in open", async () => {
    const opened = await openModel(model);
    try {
      const before = Float32Array.from(opened.model.embedding.denseRows());
      const train = { ...recordedLearning, warmupSteps: 0, maxSteps: 1 };
      await finish({
        model: opened,
        data: await recordedRows(fullFixture("qwen2-full")),
        method: "full",
        train,
      });
      expect(opened.model.embedding.denseRows()).not.toEqual(before);
    } finally {
      opened.dispose();
    }
  });

  it("refuses what contradicts it all at once, before a model is read", async () => {
    const asked: FinetuneOptions = {
      model: join(folder, "absent"),
      data: [],
      method: "full",
      lora: { rank: 4, alpha: 8 },
      initAdapter: "adapter",
      quantize: "nf4",
      loraPlusRatio: 16,
      train: { optimizer: "adafactor", beta1: 0.8 },
    };
    const error: unknown = await finish(asked).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(RecipeError);
    expect((error as RecipeError).fields).toEqual([
      "lora.rank",
      "lora.alpha",
      "initAdapter",
      "loraPlusRatio",
      "quantize",
      "train.beta1",
    ]);
    await expect(
      finish({ ...asked, method: "lora", full: { trainable: ["lm_head"] }, train: {} }),
    ).rejects.toMatchObject({
      fields: ["full.trainable"],
    });
  });

  it("names a beginning that no tensor has, and says of a tied head where it is", async () => {
    const data = await recordedRows(fullFixture("qwen2-full"));
    const asked: FinetuneOptions = {
      model,
      data,
      method: "full",
      full: { trainable: ["lm_head", "model.norm"] },
    };
    await expect(finish(asked)).rejects.toThrow(
      /full\.trainable: expected the beginning of names of tensors such as .*the head is tied to the embedding.*got "lm_head"$/,
    );
  });

  it("refuses a base with packed weights and says what to do", async () => {
    const packed = join(folder, "packed");
    await quantizeModel({ model, output: packed, format: "nf4" });
    const data = await recordedRows(fullFixture("qwen2-full"));
    await expect(finish({ model: packed, data, method: "full" })).rejects.toThrow(
      /model: expected float weights to train, got U8 for model\.layers\.0\..*give the model that it was packed from/,
    );
  });
});
