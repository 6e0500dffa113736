import { flatBatch, loadModel, openWeights, readModelConfig, writeSafetensors } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { cp, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readAsStored } from "../packed-linears.js";
import { quantizeWeights } from "../quantize-weights.js";
import { magnitudeZeros, pruneWeights } from "./prune-weights.js";
import { sparsityRule } from "./sparsity.js";
import { wandaMasks } from "./wanda-masks.js";
import { ZeroMask } from "@lathe/kernels";

const fixtures = fileURLToPath(new URL("../../../model/fixtures/", import.meta.url));
const qwen2 = join(fixtures, "models/qwen2");
const llama = join(fixtures, "models/llama");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "prune-"));
});
afterEach(() => rm(folder, { recursive: true }));

const row = (first: number, length: number) => {
  const inputIds = Int32Array.from({ length }, (_, i) => (first * 31 + i * 17) % 300);
  return { inputIds, labels: inputIds };
};
const batches = [flatBatch([row(1, 9), row(2, 14)]), flatBatch([row(3, 20)])];

describe.each(["cpu", "wasm", "native"])("wandaMasks on %s", (engine) => {
  it.each([qwen2, llama])("are those of a walk that prunes the model as it goes: %s", async (path) => {
    await startEngine(engine, "fp32");
    const before = tf.memory().numTensors;
    const [model, walked] = [await loadModel(path), await loadModel(path)];
    const hidden = () => {
      const states = model.hiddenStates(batches[0]);
      const values = Float32Array.from(states.dataSync());
      states.dispose();
      return values;
    };
    const original = hidden();
    const masks = await wandaMasks(model, batches, sparsityRule("2:4"));
    // The model is as it was.
    expect(hidden()).toEqual(original);

    // By definition: with the layers before pruned, what reaches a linear decides about its own weights.
    const config = await readModelConfig(path);
    const names = walked
      .linears()
      .filter(({ layer }) => layer !== null)
      .map(({ weight }) => weight);
    expect([...masks.keys()].sort()).toEqual([...names].sort());
    for (let layer = 0; layer < config.layerCount; layer++) {
      const squares = new Map<string, Float64Array>();
      const linears = walked.linears().filter((named) => named.layer === layer);
      for (const { path: place, linear } of linears) {
        const sums = new Float64Array(linear.shape[1]);
        squares.set(place, sums);
        walked.replaceLinear(place, {
          shape: linear.shape,
          forward(x) {
            x.dataSync().forEach((value, i) => (sums[i % sums.length] += value ** 2));
            return linear.forward(x);
          },
          denseWeight: () => linear.denseWeight(),
          denseBias: () => linear.denseBias(),
          dispose: () => undefined,
        });
      }
      for (const batch of batches) walked.hiddenStates(batch).dispose();
      for (const { path: place, weight, linear } of linears) {
        walked.replaceLinear(place, linear);
        const [outFeatures, inFeatures] = linear.shape;
        const values = linear.denseWeight();
        for (let o = 0; o < outFeatures; o++) {
          for (let first = 0; first < inFeatures; first += 4) {
            const score = (i: number) =>
              Math.abs(values[o * inFeatures + i]) * Math.sqrt(squares.get(place)![i]);
            const group = [0, 1, 2, 3].map((offset) => first + offset).sort((a, b) => score(a) - score(b));
            const gone = group.slice(0, 2);
            // Where scores of the second and the third are equal but for rounding, either may go.
            const gap = (score(group[2]) - score(group[1])) / score(group[2]);
            if (gap < 1e-5) continue;
            for (const i of group) {
              expect(masks.get(weight)!.has(o * inFeatures + i), `${weight} [${o}, ${i}]`).toBe(
                gone.includes(i),
              );
            }
          }
        }
        const { DenseLinear } = await import("@lathe/model");
        masks.get(weight)!.apply(values);
        walked.replaceLinear(
          place,
          new DenseLinear({ shape: linear.shape, weight: values, bias: linear.denseBias() }),
        );
        linear.dispose();
      }
    }
    model.dispose();
    walked.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it("an abort in mid-walk leaves the model whole and nothing behind", async () => {
  await startEngine("cpu");
  const model = await loadModel(qwen2);
  const linears = model.linears().map(({ linear }) => linear);
  const before = tf.memory().numTensors;
  const abort = new AbortController();
  const walk = wandaMasks(model, batches, sparsityRule(0.5), {
    onProgress: (done) => (done === 1 ? abort.abort(new Error("enough")) : undefined),
    signal: abort.signal,
  });
  await expect(walk).rejects.toThrow("enough");
  expect(model.linears().map(({ linear }) => linear)).toEqual(linears);
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});

describe("pruneWeights", () => {
  it.each(["fp16", "bf16", "fp32"] as const)(
    "of %s: zeros where the mask says, all other bits as they were",
    async (format) => {
      await startEngine("cpu");
      let model = qwen2;
      if (format !== "fp32") {
        model = join(folder, format);
        await quantizeWeights({ model: qwen2, output: model, format });
      }
      const output = join(folder, "pruned");
      const report = await pruneWeights({
        model,
        output,
        zeros: magnitudeZeros(sparsityRule(0.5)),
      });
      expect(report.zeros / report.weights).toBeCloseTo(0.5, 3);
      const [before, after] = [await openWeights(model), await openWeights(output)];
      try {
        expect(after.names().sort()).toEqual(before.names().sort());
        let pruned = 0;
        for (const name of before.names()) {
          const [old, now] = [await before.readRaw(name), await after.readRaw(name)];
          expect(now.dtype).toBe(old.dtype);
          if (!name.includes("_proj.weight")) {
            expect(now.bytes, name).toEqual(old.bytes);
            continue;
          }
          pruned++;
          const [was, is] = [await before.readFloat32(name), await after.readFloat32(name)];
          const limit = Float32Array.from(was, Math.abs).sort()[was.length / 2 - 1];
          was.forEach((value, i) => {
            expect(is[i]).toBe(is[i] === 0 ? 0 : value);
            if (Math.abs(value) > limit) expect(is[i]).toBe(value);
          });
          expect(ZeroMask.of(is, [1, is.length]).count()).toBe(was.length / 2);
        }
        expect(pruned).toBe(report.linears);
      } finally {
        await before.close();
        await after.close();
      }
      const weightFiles = async (of: string): Promise<string[]> =>
        (await readdir(of)).filter((name) => /^model.*\.safetensors$/.test(name)).sort();
      expect(await weightFiles(output)).toEqual(await weightFiles(model));
      expect(await readFile(join(output, "config.json"), "utf8")).toBe(
        await readFile(join(model, "config.json"), "utf8"),
      );
      const loaded = await loadModel(output, { readLinear: readAsStored });
      loaded.dispose();
    },
  );

  it("keeps the 64 bits of what stays in weights of double precision", async () => {
    const model = join(folder, "double");
    await cp(qwen2, model, { recursive: true });
    const weights = await openWeights(qwen2);
    const doubles = new Map<string, Float64Array>();
    try {
      for (const name of weights.names())
        doubles.set(
          name,
          Float64Array.from(await weights.readFloat32(name), (value) => value * (1 + 2 ** -49)),
        );
      const tensors = weights.names().map((name) => {
        const data = doubles.get(name)!;
        return {
          name,
          dtype: "F64" as const,
          shape: weights.info(name).shape,
          data: () => Promise.resolve(data),
        };
      });
      await writeSafetensors(join(model, "model.safetensors"), tensors, { format: "pt" });
    } finally {
      await weights.close();
    }
    const output = join(folder, "pruned");
    await pruneWeights({ model, output, zeros: magnitudeZeros(sparsityRule("2:4")) });
    const after = await openWeights(output);
    try {
      for (const name of after.names()) {
        const { bytes, dtype } = await after.readRaw(name);
        expect(dtype).toBe("F64");
        const now = new Float64Array(bytes.slice().buffer);
        const before = doubles.get(name)!;
        now.forEach((value, i) => {
          if (value !== 0) expect(value).toBe(before[i]);
        });
        const zeros = now.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
        if (name.includes("_proj.weight")) expect(zeros).toBe(now.length / 2);
      }
    } finally {
      await after.close();
    }
  });

  it("refuses packed weights, a place that is taken, and leaves nothing of an abort", async () => {
    await startEngine("cpu");
    const packed = join(folder, "packed");
    await quantizeWeights({ model: llama, output: packed, format: "int8" });
    const zeros = magnitudeZeros(sparsityRule("4:8"));
    await expect(pruneWeights({ model: packed, output: join(folder, "out"), zeros })).rejects.toThrow(
      /expected weights of a float type, got I8, packed ones; prune the original weights, then quantise/,
    );
    await expect(pruneWeights({ model: llama, output: packed, zeros })).rejects.toThrow(
      /nothing is overwritten/,
    );
    const abort = new AbortController();
    const onProgress = (done: number) => (done === 5 ? abort.abort(new Error("enough")) : undefined);
    const run = pruneWeights({
      model: llama,
      output: join(folder, "out"),
      zeros,
      onProgress,
      signal: abort.signal,
    });
    await expect(run).rejects.toThrow("enough");
    expect(await readdir(folder)).toEqual(["packed"]);
  });
});
