import { sayPhrase } from "@lathe/files";
import { loadNativeKernels, type NativeKernels } from "@lathe/kernels";
import { type StoredWeights, flatBatch, loadModel } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { linearReader, type WeightFormat } from "./linear-reader.js";
import type { PackedFormatName } from "./format-names.js";
import { packedFormatNames, packedFormats } from "./packed-formats.js";
import { quantizeWeights } from "./quantize-weights.js";
import { quantizedLinears } from "./quantized-linears.js";

const fixtures = fileURLToPath(new URL("../../model/fixtures/", import.meta.url));
const tokens = Int32Array.of(1, 17, 99, 45, 60, 3, 9, 100, 12, 77, 31, 8);

const loaded = loadNativeKernels();
const kernels = "kernels" in loaded ? loaded.kernels : null;

async function lossesOf(folder: string, format: WeightFormat): Promise<number[]> {
  const warnings: string[] = [];
  const model = await loadModel(folder, {
    readLinear: await linearReader(folder, format),
    onWarning: (warning) => warnings.push(sayPhrase(warning)),
  });
  const losses = model.tokenLosses(flatBatch([{ inputIds: tokens, labels: tokens }]));
  model.dispose();
  expect(warnings).toEqual([]);
  return [...losses];
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "load-packed-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const cases = ["models/qwen2", "models/llama", "models/qwen3", "stories260k"].flatMap((model) =>
  packedFormatNames.map((format): [string, PackedFormatName] => [model, format]),
);

it.each(cases)(
  "%s in %s: a folder loads, close to the dense model and without a tensor left",
  async (name, format) => {
    await startEngine("cpu");
    const model = join(fixtures, name);
    await inFolder(async (folder) => {
      const before = tf.memory().numTensors;
      const output = join(folder, format);
      await quantizeWeights({ model, output, format });
      const dense = await lossesOf(model, "none");
      const fromFolder = await lossesOf(output, "none");
      const onTheFly = await lossesOf(model, format);
      const distance = Math.max(...fromFolder.map((loss, n) => Math.abs(loss - dense[n])));
      expect(distance).toBeGreaterThan(0);
      // The tokens are no sentence, so a trained model strays on them; what text costs is in format-perplexity.test.ts.
      expect(distance).toBeLessThan(format === "nf4" ? 1 : 0.2);
      // int8 and nf4 leave embedding, norms and biases alone in both; half-precision folders round them too.
      const isPacked = format === "int8" || format === "nf4";
      if (isPacked) expect(fromFolder).toEqual(onTheFly);
      await expect(isPacked ? loadModel(output) : Promise.reject(new Error("a packed one"))).rejects.toThrow(
        "a packed one",
      );
      expect(tf.memory().numTensors).toBe(before);
    });
  },
);

describe.skipIf(kernels === null)("on the native engine", () => {
  const native = kernels as NativeKernels;

  it.each(cases)(
    "%s in %s: weights lie in the mapped file, and nothing is left of them",
    async (name, format) => {
      const model = join(fixtures, name);
      await inFolder(async (folder) => {
        const output = join(folder, format);
        await quantizeWeights({ model, output, format });
        await startEngine("cpu");
        const expected = await lossesOf(output, "none");
        await startEngine("native", "fp32");
        const tensors = tf.memory().numTensors;
        const before = native.memory();
        const opened = await loadModel(output, { readLinear: await linearReader(output, "none") });
        // All but a head that folders leave as it was, whose codes are made.
        const { vocabularySize, hiddenSize } = opened.config;
        const headBytes = packedFormats[format].leavesHead ? vocabularySize * hiddenSize : 0;
        expect(native.memory()).toMatchObject({
          mappings: before.mappings + 1,
          allocatedBytes: before.allocatedBytes + headBytes,
        });
        await rm(output, { recursive: true });
        const losses = opened.tokenLosses(flatBatch([{ inputIds: tokens, labels: tokens }]));
        losses.forEach((loss, i) => expect(Math.abs(loss - expected[i])).toBeLessThan(1e-4));
        opened.dispose();
        expect(native.memory()).toMatchObject({ mappings: before.mappings, mappedBytes: before.mappedBytes });
        expect(tf.memory().numTensors).toBe(tensors);
      });
    },
  );

  it.each(cases)(
    "%s packed as %s while it is read: codes lie in native memory until dispose",
    async (name, format) => {
      const model = join(fixtures, name);
      await startEngine("cpu");
      const expected = await lossesOf(model, format);
      await startEngine("native", "fp32");
      await lossesOf(model, format); // the engine's pool grows to what it needs
      const before = native.memory();
      const opened = await loadModel(model, { readLinear: quantizedLinears(format) });
      expect(native.memory().allocatedBytes).toBeGreaterThan(before.allocatedBytes);
      const losses = opened.tokenLosses(flatBatch([{ inputIds: tokens, labels: tokens }]));
      losses.forEach((loss, i) => expect(Math.abs(loss - expected[i])).toBeLessThan(1e-4));
      opened.dispose();
      const after = native.memory();
      expect([after.allocations, after.allocatedBytes]).toEqual([before.allocations, before.allocatedBytes]);
      expect(after.mappings).toBe(before.mappings);
    },
  );

  it("maps each shard that weights are held in once, and unmaps them all", async () => {
    await inFolder(async (folder) => {
      const model = join(fixtures, "models/llama");
      const [one, many] = [join(folder, "one"), join(folder, "many")];
      await quantizeWeights({ model, output: one, format: "int8" });
      await quantizeWeights({ model, output: many, format: "int8", shardBytes: 50_000 });
      const shards = (await readdir(many)).filter((file) => file.endsWith(".safetensors"));
      expect(shards.length).toBeGreaterThan(2);
      await startEngine("native", "fp32");
      const before = native.memory();
      const opened = await loadModel(many, { readLinear: await linearReader(many, "none") });
      // One holds the head alone, which is packed.
      expect(native.memory().mappings).toBe(before.mappings + shards.length - 1);
      const losses = opened.tokenLosses(flatBatch([{ inputIds: tokens, labels: tokens }]));
      opened.dispose();
      expect(native.memory().mappings).toBe(before.mappings);
      expect([...losses]).toEqual(await lossesOf(one, "none"));
    });
  });

  it("gives memory back when a weight is refused", async () => {
    await startEngine("native", "fp32");
    const before = native.memory();
    const model = join(fixtures, "models/llama");
    let read = 0;
    const readLinear = quantizedLinears("int8");
    await expect(
      loadModel(model, {
        readLinear: async (weights, stored) => {
          const broken: StoredWeights = {
            ...weights,
            async readRaw(...place) {
              const raw = await weights.readRaw(...place);
              new Float32Array(raw.bytes.buffer, raw.bytes.byteOffset, 1)[0] = NaN;
              return raw;
            },
          };
          return await readLinear(++read > 8 ? broken : weights, { ...stored });
        },
      }),
    ).rejects.toThrow("expected a finite number to pack as int8, got NaN");
    const after = native.memory();
    expect([after.allocations, after.mappings]).toEqual([before.allocations, before.mappings]);
  });
});
