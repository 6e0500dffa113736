import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  flatBatch,
  linearPlaces,
  loadModel,
  openWeights,
  readModelConfig,
  rewriteWeights,
} from "@lathe/model";
import { startEngine, valueAndGradients } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readAdapterConfig } from "./adapter-folder.js";
import { attach } from "./attach.js";
import { loadAdapter } from "./load-adapter.js";
import { merge } from "./merge.js";
import { mergeIntoWeights } from "./merge-into-weights.js";
import { saveAdapter } from "./save-adapter.js";
import { fixtureModel, largestDifference, logitsOf } from "./testing.js";
import { trainableParameters } from "./trainable-parameters.js";

const ids = [1, 17, 99, 45, 60, 3, 9, 100];
const batch = flatBatch([{ inputIds: Int32Array.from(ids), labels: Int32Array.from(ids) }]);
const options = { rank: 4, alpha: 8, dropout: 0, targets: "all-linear", keepSparsity: true } as const;

let folder: string;
let model: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sparse-"));
  model = join(folder, "pruned");
  await prune(fixtureModel("qwen2"), model);
});
afterEach(() => rm(folder, { recursive: true }));

/** Every third weight of the layers' linears becomes zero. */
async function prune(from: string, to: string): Promise<void> {
  const linears = new Set(linearPlaces(await readModelConfig(from)).map(({ weight }) => weight));
  const weights = await openWeights(from);
  const tensors = weights.names().map((name) => ({
    source: name,
    name,
    change: linears.has(name)
      ? async (read: () => Promise<Float32Array>) =>
          (await read()).map((value, i) => (i % 3 === 0 ? 0 : value))
      : undefined,
  }));
  await rewriteWeights({ model: from, weights, tensors, output: to, called: "weights" });
  await weights.close();
}

/** Positions of the zeros of each linear of a folder. */
async function zerosOf(path: string): Promise<Map<string, number[]>> {
  const weights = await openWeights(path);
  const zeros = new Map<string, number[]>();
  for (const { weight, block } of linearPlaces(await readModelConfig(path))) {
    if (block === "head") continue;
    const values = await weights.readFloat32(weight);
    zeros.set(
      weight,
      [...values.keys()].filter((i) => values[i] === 0),
    );
  }
  await weights.close();
  return zeros;
}

describe.each(["cpu", "wasm", "native"])("an adapter that keeps zeros, on %s", (engine) => {
  it("learns, and computes with what merging gives, whose zeros are the base's", async () => {
    await startEngine(engine, "fp32");
    const trained = await loadModel(model);
    attach(trained, options);
    const parameters = trainableParameters(trained).map(({ variable }) => variable);
    const losses: number[] = [];
    for (let step = 0; step < 5; step++) {
      const { value, gradients } = valueAndGradients(() => trained.loss(batch), parameters);
      losses.push(value.dataSync()[0]);
      for (const [index, gradient] of gradients.entries()) {
        tf.tidy(() => parameters[index].assign(tf.sub(parameters[index], tf.mul(gradient!, 0.05))));
      }
      tf.dispose([value, ...gradients.filter((gradient) => gradient !== null)]);
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]);

    const adapted = logitsOf(trained, ids);
    const adapter = join(folder, "adapter");
    await saveAdapter(trained, adapter);
    // In the model, in a folder, and read back.
    merge(trained);
    expect(largestDifference(logitsOf(trained, ids), adapted)).toBeLessThan(2e-5);
    trained.dispose();
    const merged = join(folder, "merged");
    await mergeIntoWeights({ model, adapter, output: merged });
    expect(await zerosOf(merged)).toEqual(await zerosOf(model));
    const whole = await loadModel(merged);
    expect(largestDifference(logitsOf(whole, ids), adapted)).toBeLessThan(2e-5);
    whole.dispose();
    const again = await loadModel(model);
    expect(await loadAdapter(again, adapter)).toMatchObject({ keepSparsity: true });
    expect(largestDifference(logitsOf(again, ids), adapted)).toBeLessThan(1e-6);
    again.dispose();
  });
});

it("an adapter without it fills the zeros, and its files have no key that PEFT does not know", async () => {
  await startEngine("wasm");
  const trained = await loadModel(model);
  attach(trained, { ...options, keepSparsity: false });
  for (const { variable } of trainableParameters(trained)) variable.assign(tf.fill(variable.shape, 0.01));
  const adapter = join(folder, "dense");
  await saveAdapter(trained, adapter);
  trained.dispose();
  await mergeIntoWeights({ model, adapter, output: join(folder, "filled") });
  for (const zeros of (await zerosOf(join(folder, "filled"))).values()) expect(zeros).toEqual([]);
  expect(await readFile(join(adapter, "adapter_config.json"), "utf8")).not.toContain("sparsity");
  expect((await readAdapterConfig(adapter)).config.keepSparsity).toBe(false);
});

it("is refused beside DoRA, which rescales whole rows", async () => {
  await startEngine("cpu");
  const base = await loadModel(model);
  expect(() => attach(base, { ...options, useDora: true })).toThrow(
    'key "keepSparsity": expected false beside useDora, which rescales whole rows, got true',
  );
  base.dispose();
});
