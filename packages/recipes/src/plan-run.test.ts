import { copyFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { linearPlaces, readModelConfig } from "@lathe/model";
import { beforeAll, describe, expect, it } from "vitest";
import { cardBytes } from "./memory/card-bytes.js";
import { planMemory } from "./memory/plan-memory.js";
import type { HeldWeights, MachinePace } from "./memory/machine-pace.js";
import { stepSeconds } from "./memory/step-seconds.js";
import { planRun } from "./plan-run.js";
import { temporaryFolder, tinyModel } from "./testing/folders.js";

const model = tinyModel("qwen2");
const rows = Array.from({ length: 8 }, (_, row) => {
  const ids = Array.from({ length: 6 + row }, (_unused, i) => (row * 37 + i * 11) % 320);
  return { input_ids: ids, labels: ids };
});
const train = { batchSize: 2, gradientAccumulation: 2, shuffle: false };

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

describe("planRun", () => {
  it("names every term, adds them up and writes nothing", async () => {
    const plan = await planRun({ model, data: rows, train, memory: "8GB" });
    const sum = Object.values<number>({ ...plan.terms }).reduce((total, bytes) => total + bytes, 0);
    expect(plan.totalBytes).toBe(sum);
    expect(plan).toMatchObject({ budgetBytes: 8e9, fits: true, recomputedLayers: 0 });
    expect(plan.secondsPerStep).toBeGreaterThan(0);
    expect(plan.remedies.length).toBeGreaterThan(0);
    // The same as the plan that a run makes for itself: the two longest rows are a micro-batch.
    const own = await planMemory({ model, lora: {}, tokens: 25, memory: "8GB", precision: "bf16" });
    expect(plan.terms.weights).toBe(own.terms.weights);
    expect(await readdir(folder)).toEqual([]);
  });

  it("plans from a config alone as from the folder, whose tensors are of the type that it names", async () => {
    const alone = await temporaryFolder();
    await copyFile(join(model, "config.json"), join(alone, "config.json"));
    const [whole, ofConfig] = await Promise.all(
      [model, alone].map((path) => planRun({ model: path, data: rows, train, memory: "8GB", disk: 1e9 })),
    );
    expect(ofConfig.terms).toEqual(whole.terms);
    expect(ofConfig.disk).toEqual(whole.disk);
    const full = { model: alone, data: rows, train, memory: "8GB", method: "full" as const };
    expect((await planRun(full)).terms).toEqual((await planRun({ ...full, model })).terms);
    await writeFile(join(alone, "pytorch_model.bin"), "");
    await expect(planRun({ model: alone, data: rows, train })).rejects.toThrow("only pytorch_model.bin");
  });

  it("says how long a disk takes for the weights and for a checkpoint", async () => {
    const plan = await planRun({ model, data: rows, train, disk: "2 MB/s" });
    const { size } = await stat(join(model, "model.safetensors"));
    const { adapter, optimizer } = plan.terms;
    expect(plan.disk).toMatchObject({ bytesPerSecond: 2e6, checkpointBytes: adapter + optimizer });
    // The file has a header besides.
    expect(plan.disk!.weightBytes).toBeLessThan(size);
    expect(plan.disk!.weightBytes).toBeGreaterThan(0.95 * size);
    expect(plan.disk!.secondsToLoad).toBe(plan.disk!.weightBytes / 2e6);
    expect(plan.disk!.secondsPerCheckpoint).toBe((adapter + optimizer) / 2e6);
    expect((await planRun({ model, data: rows, train })).disk).toBeNull();
    for (const disk of ["fast", "3GB/h", 0]) {
      await expect(planRun({ model, data: rows, train, disk })).rejects.toThrow(
        "disk: expected bytes a second",
      );
    }
  });

  it("plans for a card by its name, and says when it does not fit", async () => {
    expect(cardBytes("rtx3060-12gb")).toBe(Math.floor(12 * 2 ** 30 * 0.94));
    const { budgetBytes } = await planRun({ model, data: rows, train, card: "rtx3060-12gb" });
    expect(budgetBytes).toBe(cardBytes("rtx3060-12gb"));
    const small = await planRun({ model, data: rows, train, memory: 1e6 });
    expect(small).toMatchObject({ fits: false, budgetBytes: 1e6 });
    expect(small.recomputedLayers).toBeGreaterThan(0);
    await expect(planRun({ model, data: rows, card: "big" })).rejects.toThrow(
      "a name that ends with its memory",
    );
    await expect(planRun({ model, data: rows, card: "a-8gb", memory: "8GB" })).rejects.toThrow(
      "card: expected nothing",
    );
  });
});

describe("planRun on several ranks", () => {
  it("counts what they exchange, and divides what the optimiser remembers where it is dealt", async () => {
    const asked = {
      model,
      data: rows,
      train: { ...train, gradientAccumulation: 8 },
      memory: "8GB",
      method: "full",
    } as const;
    const { exchange: none, ...one } = (await planRun(asked)).terms;
    expect(none).toBe(0);
    const { exchange, ...whole } = (await planRun({ ...asked, ranks: 2 })).terms;
    // The library, what travels, and twice as much that the library works in.
    expect(exchange).toBe(16e6 + 3 * whole.gradients);
    expect(whole).toEqual(one);
    const four = await planRun({ ...asked, ranks: 4, zeroStage: 2 });
    const { optimizer, exchange: dealt, ...others } = four.terms;
    const { optimizer: all, ...sameOthers } = one;
    expect(dealt).toBeGreaterThan(exchange);
    expect(others).toEqual(sameOthers);
    expect(optimizer).toBeGreaterThanOrEqual(all / 4);
    expect(optimizer).toBeLessThan(all * 0.3);
    await expect(planRun({ ...asked, ranks: 0 })).rejects.toThrow(
      "ranks: expected a whole number from 1, got 0",
    );
  });
});

describe("planRun of a model that memory does not hold", () => {
  it("plans the step with weights on the disk, in a format of which two layers fit", async () => {
    const asked = { model, data: rows, train, disk: "1 MB/s" };
    expect((await planRun({ ...asked, memory: "8GB" })).stream).toBeNull();
    const fitting = await planRun({ ...asked, memory: "8GB", stream: true });
    expect(fitting).toMatchObject({ fits: true, stream: { fits: true, quantize: "none", spill: null } });
    const { stream, terms, fits } = await planRun({ ...asked, memory: 1e6 });
    expect(fits).toBe(false);
    expect(stream).toMatchObject({ fits: false, budgetBytes: 1e6, quantize: "int8" });
    const mean = rows.reduce((sum, { input_ids: { length } }) => sum + length, 0) / rows.length;
    expect(stream!.tokensPerStep).toBe(Math.round(4 * mean));
    expect(stream!.weightBytes).toBeLessThan(terms.weights);
    expect(stream!.secondsReading).toBe((stream!.bytesPerStep + 2 * stream!.spillBytes) / 1e6);
    expect((await planRun({ ...asked, disk: undefined, memory: 1e6 })).stream!.pace).toBeNull();
    expect((await planRun({ ...asked, memory: 1e6, method: "full" })).stream).toBeNull();
  });

  it("does without rows, and plans some of one length", async () => {
    const settings = { batchSize: 2, gradientAccumulation: 3 };
    const ofRows = async (maxTokens: number, memory: number): ReturnType<typeof planRun> =>
      await planRun({ model, train: settings, maxTokens, memory });
    const [short, long] = [await ofRows(16, 8e9), await ofRows(32, 8e9)];
    expect(short.terms.activations + short.terms.head).toBeLessThan(long.terms.activations + long.terms.head);
    expect((await ofRows(16, 1e6)).stream!.tokensPerStep).toBe(2 * 3 * 16);
    await expect(planRun({ data: rows })).rejects.toThrow("model: expected a model folder");
  });
});

it("a step's time is that of its products, attention and head at the machine's pace", async () => {
  const config = await readModelConfig(model);
  const { vocabularySize, layerCount } = config;
  const linears = linearPlaces(config)
    .filter(({ block }) => block !== "head")
    .reduce((sum, { shape }) => sum + shape[0] * shape[1], 0);
  const pace: MachinePace = {
    product: (held) => ({ forward: held === "nf4" ? 3 : 1, backward: held === "trained" ? 2 : 1 }),
    widening: () => 0,
    attention: () => ({ forward: 5, backward: 7 }),
    head: () => 11,
  };
  const seconds = (
    tokens: number,
    labels: number,
    layers: HeldWeights = "bf16",
    recomputedLayers = 0,
  ): number =>
    stepSeconds(pace, config, {
      tokens,
      labels,
      held: { layers, head: "bf16" },
      plan: { recomputedLayers, layerCount },
    });
  const rest = seconds(0, 1) / (11 * vocabularySize);
  expect(rest).toBeGreaterThan(1);
  expect(rest).toBeLessThan(1.3);
  expect(seconds(3, 0)).toBeCloseTo(rest * 3 * (2 * linears + 12 * layerCount));
  expect(seconds(3, 0, "bf16", layerCount)).toBeCloseTo(rest * 3 * (3 * linears + 17 * layerCount));
  expect(seconds(3, 0, "nf4")).toBeCloseTo(rest * 3 * (4 * linears + 12 * layerCount));
  expect(seconds(3, 0, "trained")).toBeCloseTo(rest * 3 * (3 * linears + 12 * layerCount));
});
