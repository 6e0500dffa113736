import { flatBatch, loadModel } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { linearReader, type WeightFormat } from "./linear-reader.js";
import type { PackedFormatName } from "./packed-format.js";
import { quantizeCheckpoint } from "./quantize-checkpoint.js";

const fixtures = fileURLToPath(new URL("../../model/fixtures/", import.meta.url));
const tokens = Int32Array.of(1, 17, 99, 45, 60, 3, 9, 100, 12, 77, 31, 8);

async function lossesOf(folder: string, format: WeightFormat): Promise<number[]> {
  const warnings: string[] = [];
  const model = await loadModel(folder, {
    readLinear: await linearReader(folder, format),
    onWarning: (message) => warnings.push(message),
  });
  const losses = model.tokenLosses(flatBatch([{ inputIds: tokens, labels: tokens }]));
  model.dispose();
  expect(warnings).toEqual([]);
  return [...losses];
}

it.each(
  ["models/qwen2", "models/llama", "models/qwen3", "stories260k"].flatMap((model) =>
    (["int8", "fp16", "bf16"] as const).map((format): [string, PackedFormatName] => [model, format]),
  ),
)("%s in %s: a folder loads, close to the dense model and without a tensor left", async (name, format) => {
  await startEngine("cpu");
  const model = join(fixtures, name);
  const folder = await mkdtemp(join(tmpdir(), "load-packed-"));
  try {
    const before = tf.memory().numTensors;
    const output = join(folder, format);
    await quantizeCheckpoint({ model, output, format });
    const dense = await lossesOf(model, "none");
    const fromFolder = await lossesOf(output, "none");
    const onTheFly = await lossesOf(model, format);
    const distance = Math.max(...fromFolder.map((loss, n) => Math.abs(loss - dense[n])));
    expect(distance).toBeGreaterThan(0);
    expect(distance).toBeLessThan(0.2);
    // int8 leaves embedding, norms and biases alone in both; half-precision folders round them too.
    if (format === "int8") expect(fromFolder).toEqual(onTheFly);
    await expect(
      format === "int8" ? loadModel(output) : Promise.reject(new Error("a packed one")),
    ).rejects.toThrow("a packed one");
    expect(tf.memory().numTensors).toBe(before);
  } finally {
    await rm(folder, { recursive: true });
  }
});
