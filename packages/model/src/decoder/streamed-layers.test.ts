/** Layers read from files: what is in memory at a time, what is read again, and what goes wrong. */
import { cp, mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEngine, tensorMemory } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { architectureOf } from "../architectures/architecture-of.js";
import { layerLinears } from "../architectures/linear-places.js";
import { readModelConfig } from "../config/read-model-config.js";
import { loadModel, readDenseLinear } from "../load-model.js";
import { openWeights } from "../weights/open-weights.js";
import type { StoredWeights } from "../weights/stored-weights.js";
import { writeRandomModel } from "../weights/write-random-model.js";
import { StreamedLayers } from "./streamed-layers.js";

const LAYERS = 5;
const config = {
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  vocab_size: 40,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: LAYERS,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: false,
};
/** Four projections of 16 × 16 and three of 16 × 24, in float32. */
const LAYER_BYTES = 4 * (4 * 16 * 16 + 3 * 16 * 24);

let place: string;
let folder: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "lathe-streamed-"));
  folder = join(place, "model");
  await writeRandomModel(folder, config, { seed: 3 });
});
afterAll(() => rm(place, { recursive: true }));
beforeEach(async () => {
  await startEngine("auto", "fp32");
});

async function streamed(
  residentLayers: number,
  change: (weights: StoredWeights) => StoredWeights = (weights) => weights,
  from = folder,
): Promise<StreamedLayers> {
  const parsed = await readModelConfig(from);
  const places = Array.from({ length: parsed.layerCount }, (_, layer) => layerLinears(parsed, layer));
  return new StreamedLayers({
    weights: change(await openWeights(from)),
    readLinear: readDenseLinear,
    places,
    others: places.map(() => ({ vectors: {}, fixed: {} })),
    layerPrefix: architectureOf(parsed).layerPrefix,
    residentLayers,
  });
}

/** Holds layers one after the other, each while the next is read. @returns the values of one linear of each */
async function walk(layers: StreamedLayers, order: readonly number[]): Promise<Float32Array[]> {
  const values: Float32Array[] = [];
  let coming = layers.hold(order[0]);
  for (const [index, layer] of order.entries()) {
    const release = await coming;
    if (index + 1 < order.length) coming = layers.hold(order[index + 1]);
    values.push(layers.acquire(layer).linears["mlp.down_proj"].denseWeight());
    layers.release(layer);
    release();
    release();
  }
  return values;
}

const up = [0, 1, 2, 3, 4];
const bothWays = [...up, 3, 2, 1, 0];

describe("StreamedLayers", () => {
  it("has every layer as the file has it, and never more than two in memory", async () => {
    const before = tensorMemory().tensors;
    const layers = await streamed(2);
    const weights = await openWeights(folder);
    const expected = await Promise.all(
      bothWays.map((layer) => weights.readFloat32(`model.layers.${layer}.mlp.down_proj.weight`)),
    );
    await weights.close();
    expect(await walk(layers, bothWays)).toEqual(expected);
    expect(await walk(layers, bothWays)).toEqual(expected);
    expect(layers.mostResidentBytes).toBe(2 * LAYER_BYTES);
    expect(layers.residentBytes).toBe(2 * LAYER_BYTES);
    layers.dispose();
    expect(tensorMemory().tensors).toBe(before);
  });

  it("reads again only what went, the fewer the more may stay", async () => {
    const reads: number[] = [];
    for (const residentLayers of [2, 3, 4, 5]) {
      const layers = await streamed(residentLayers);
      for (let round = 0; round < 3; round++) await walk(layers, bothWays);
      expect(layers.mostResidentBytes).toBeLessThanOrEqual(residentLayers * LAYER_BYTES);
      expect(layers.bytesRead % LAYER_BYTES).toBe(0);
      reads.push(layers.bytesRead / LAYER_BYTES);
      layers.dispose();
    }
    expect(reads).toEqual([...reads].sort((one, other) => other - one));
    expect(reads.at(-1)).toBe(LAYERS);
  });

  it("stays while somebody holds it, and computes only then", async () => {
    const layers = await streamed(2);
    expect(() => layers.acquire(1)).toThrow("layer 1: expected it to be held");
    const releases = [await layers.hold(0), await layers.hold(0)];
    releases[0]();
    await walk(layers, [1, 2, 3, 4]);
    expect(layers.acquire(0).linears["self_attn.q_proj"].denseWeight()).toHaveLength(16 * 16);
    layers.release(0);
    releases[1]();
    await walk(layers, [1, 2, 3, 4]);
    expect(() => layers.layers[0].linears["self_attn.q_proj"].denseWeight()).toThrow(
      "model.layers.0.self_attn.q_proj: expected its layer to be held",
    );
    layers.dispose();
  });

  it("says where reading failed, and reads the layer when it is asked for again", async () => {
    let faults = 1;
    const layers = await streamed(2, (weights) => ({
      ...weights,
      readRaw: async (name, rows, target) => {
        if (name === "model.layers.2.mlp.up_proj.weight" && faults-- > 0) throw new Error("EIO: i/o error");
        return await weights.readRaw(name, rows, target);
      },
    }));
    await expect(walk(layers, up)).rejects.toThrow("EIO");
    const before = layers.residentBytes;
    expect(await walk(layers, up)).toHaveLength(LAYERS);
    expect(layers.residentBytes).toBe(before);
    layers.dispose();
  });

  it("names the file and the bytes where it was cut while the model is in use", async () => {
    const cut = join(place, "cut");
    await cp(folder, cut, { recursive: true });
    const model = await loadModel(cut, { residentLayers: 2 });
    (await model.holdLayer(0))();
    await truncate(join(cut, "model.safetensors"), 20_000);
    const held = model.holdLayer(LAYERS - 1);
    await expect(held).rejects.toThrow(/cut.model\.safetensors: expected \d+ bytes from byte \d+ on, got/);
    model.dispose();
  });

  it("gives everything back when it goes while a layer is being read", async () => {
    const before = tf.memory().numTensors;
    const layers = await streamed(2);
    const held = layers.hold(0);
    layers.dispose();
    await held;
    await new Promise((done) => setTimeout(done));
    expect(tf.memory().numTensors).toBe(before);
    await expect(layers.hold(1)).rejects.toThrow("a disposed one");
  });

  describe("of a mixture", () => {
    const mixture = fileURLToPath(new URL("../../fixtures/models/qwen3_moe/", import.meta.url));
    const expertLinear = (number: number): string => `mlp.experts.${number}.up_proj`;

    it("reads what all tokens pass and the experts that are asked for, each once", async () => {
      const weights = await openWeights(mixture);
      const bytesOf = (isMeant: (name: string) => boolean): number =>
        weights
          .names()
          .filter((name) => name.startsWith("model.layers.0.") && /_proj\./.test(name) && isMeant(name))
          .reduce((sum, name) => sum + weights.info(name).byteLength, 0);
      const core = bytesOf((name) => !name.includes(".experts."));
      const expert = bytesOf((name) => name.includes(".experts.2."));
      const layers = await streamed(2, undefined, mixture);
      const releases = [await layers.hold(0, new Set())];
      expect(layers.bytesRead).toBe(core);
      const { linears } = layers.acquire(0);
      expect(linears["self_attn.q_proj"].denseWeight().length).toBeGreaterThan(0);
      expect(() => linears[expertLinear(2)].denseWeight()).toThrow("experts.2.up_proj: expected");
      releases.push(...(await Promise.all([layers.hold(0, new Set([2])), layers.hold(0, new Set([0, 2]))])));
      expect(layers.bytesRead).toBe(core + 2 * expert);
      for (const number of [0, 2]) {
        const stored = await weights.readFloat32(`model.layers.0.${expertLinear(number)}.weight`);
        expect(linears[expertLinear(number)].denseWeight()).toEqual(stored);
      }
      expect(() => linears[expertLinear(1)].denseWeight()).toThrow("experts.1.up_proj: expected");
      releases.push(await layers.hold(0));
      const count =
        weights.names().filter((name) => name.startsWith("model.layers.0.mlp.experts.")).length / 3;
      expect(layers.bytesRead).toBe(core + count * expert);
      layers.release(0);
      for (const release of releases) release();
      await expect(layers.hold(0, new Set([1000]))).rejects.toThrow("layer 0: no routed expert 1000");
      layers.dispose();
      await weights.close();
    });

    it("lets go of a layer of which an expert could not be read, and reads it again", async () => {
      let faults = 1;
      const layers = await streamed(
        2,
        (weights) => ({
          ...weights,
          readRaw: async (name, rows, target) => {
            if (name.includes("layers.0.mlp.experts.1.") && faults-- > 0) throw new Error("EIO: i/o error");
            return await weights.readRaw(name, rows, target);
          },
        }),
        mixture,
      );
      const core = await layers.hold(0, new Set());
      await expect(layers.hold(0, new Set([1]))).rejects.toThrow("EIO");
      core();
      const release = await layers.hold(0, new Set([1]));
      expect(layers.acquire(0).linears[expertLinear(1)].denseWeight().length).toBeGreaterThan(0);
      layers.release(0);
      release();
      layers.dispose();
    });
  });

  it("asks for two layers at least", async () => {
    await expect(streamed(1)).rejects.toThrow(RangeError);
  });
});
