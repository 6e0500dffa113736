import { loadNativeKernels, type NativeKernels } from "@lathe/kernels";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openWeights } from "./weights/open-weights.js";
import { float32ToBfloat16, float32ToFloat16 } from "./weights/half-precision.js";
import { writeSafetensors } from "./weights/write-safetensors.js";
import { flatBatch } from "./decoder/flat-batch.js";
import { loadModel, readDenseLinear } from "./load-model.js";
import { walkLayers } from "./walk/walk-layers.js";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
const tokens = Int32Array.of(1, 17, 99, 45, 60, 3, 9, 100, 12, 77, 31, 8);
const loaded = loadNativeKernels();
const kernels = "kernels" in loaded ? loaded.kernels : null;

async function lossesOf(folder: string): Promise<Float32Array> {
  const model = await loadModel(folder);
  const losses = model.tokenLosses(flatBatch([{ inputIds: tokens, labels: tokens }]));
  model.dispose();
  return losses;
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "load-model-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A copy of a model with all tensors in another type. */
async function inType(source: string, dtype: "F32" | "BF16" | "F16"): Promise<string> {
  const target = join(folder, dtype);
  await cp(source, target, { recursive: true });
  const weights = await openWeights(source);
  const tensors = await Promise.all(
    weights.names().map(async (name) => {
      const { shape } = weights.info(name);
      const values = await weights.readFloat32(name);
      const codes = new Uint16Array(values.length);
      if (dtype === "BF16") float32ToBfloat16(values, codes);
      if (dtype === "F16") float32ToFloat16(values, codes);
      return { name, dtype, shape, data: dtype === "F32" ? values : codes };
    }),
  );
  await weights.close();
  await writeSafetensors(join(target, "model.safetensors"), tensors);
  return target;
}

describe.skipIf(kernels === null)("on the native engine", () => {
  const native = kernels as NativeKernels;
  beforeAll(async () => {
    await startEngine("native", "fp32");
  });

  it("maps nothing of a model that is streamed, so that a file which is cut under it is named", async () => {
    const before = native.memory().mappings;
    const copy = await inType(join(fixtures, "models/qwen2"), "F32");
    const model = await loadModel(copy, { residentLayers: 2 });
    expect(native.memory().mappings).toBe(before);
    await truncate(join(copy, "model.safetensors"), 8);
    const walk = walkLayers(model, [model.lossPass(flatBatch([{ inputIds: tokens, labels: tokens }]))]);
    await expect(walk).rejects.toThrow(/model\.safetensors: expected \d+ bytes from byte \d+ on, got 0/);
    model.dispose();
  });

  describe.each(["models/qwen2", "models/llama", "stories260k"])("%s", (name) => {
    it.each(["F32", "BF16", "F16"] as const)(
      "in %s: computes with the mapped file what other engines compute with copies, and unmaps it",
      async (dtype) => {
        const model = await inType(join(fixtures, name), dtype);
        await startEngine("cpu");
        const expected = await lossesOf(model);
        await startEngine("native", "fp32");
        const [before, tensors] = [native.memory(), tf.memory().numTensors];
        const opened = await loadModel(model);
        // Dense float32 is used as it lies; so is the table, unless it is the head, which is widened.
        const isMapped = dtype === "F32" || !opened.config.tieWordEmbeddings;
        expect(native.memory().mappings).toBe(before.mappings + Number(isMapped));
        await rm(model, { recursive: true });
        const losses = opened.tokenLosses(flatBatch([{ inputIds: tokens, labels: tokens }]));
        losses.forEach((loss, i) => expect(Math.abs(loss - expected[i])).toBeLessThan(1e-4));
        opened.dispose();
        opened.dispose();
        expect(native.memory().mappings).toBe(before.mappings);
        expect(native.memory().mappedBytes).toBe(before.mappedBytes);
        expect(tf.memory().numTensors).toBe(tensors);
      },
    );
  });

  it("shares the bytes of a tied embedding and head", async () => {
    const model = join(fixtures, "stories260k");
    let head: Float32Array | undefined;
    const opened = await loadModel(model, {
      readLinear: async (weights, stored) => {
        const linear = await readDenseLinear(weights, stored);
        if (stored.path === "lm_head") {
          const held = await weights.hold(stored.weight);
          head = new Float32Array(
            held.bytes.buffer,
            held.bytes.byteOffset,
            linear.shape[0] * linear.shape[1],
          );
          held.release();
        }
        return linear;
      },
    });
    // Written to where the head lies (pages become private, the file stays), the embedding reads it.
    const width = opened.config.hiddenSize;
    head!.fill(0.25, 5 * width, 6 * width);
    const dense = opened.linears().at(-1)!.linear.denseWeight();
    expect(dense.subarray(5 * width, 6 * width).every((value) => value === 0.25)).toBe(true);
    const rows: Float32Array[] = [];
    const hidden = opened.hiddenStates(
      flatBatch([{ inputIds: Int32Array.of(5), labels: Int32Array.of(5) }]),
      {
        onResidual: (layer, x) => {
          if (layer === 0) rows.push(x.dataSync() as Float32Array);
        },
      },
    );
    hidden.dispose();
    expect([...rows[0]]).toEqual(Array<number>(width).fill(0.25));
    opened.dispose();
    expect(native.memory().mappings).toBe(0);
  });

  it("unmaps when loading fails half-way, and refuses a file that is cut", async () => {
    const model = await inType(join(fixtures, "models/qwen2"), "F32");
    const [before, tensors] = [native.memory(), tf.memory().numTensors];
    let read = 0;
    const failing = loadModel(model, {
      readLinear: async (weights, stored) => {
        if (++read > 9) throw new Error("no more");
        return await readDenseLinear(weights, stored);
      },
    });
    await expect(failing).rejects.toThrow("no more");
    expect(native.memory().mappings).toBe(before.mappings);
    expect(tf.memory().numTensors).toBe(tensors);
    const path = join(model, "model.safetensors");
    await writeFile(path, (await readFile(path)).subarray(0, -100));
    await expect(loadModel(model)).rejects.toThrow("cut short");
  });
});
