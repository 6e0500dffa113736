import { multiplyRows, startEngine, Tape, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { LayerWeights } from "../architectures/architecture.js";
import { layerLinears } from "../architectures/linear-places.js";
import { loadModel } from "../load-model.js";
import type { Checkpointing } from "./checkpointing.js";
import { DenseLinear } from "./dense-linear.js";
import { EmbeddingTable } from "./embedding-table.js";
import { flatBatch } from "./flat-batch.js";
import { LanguageModel } from "./language-model.js";
import type { LayerProvider } from "./layer-provider.js";
import type { DenseWeight, Linear } from "./linear.js";

const tokens = Int32Array.of(1, 17, 99, 45, 60, 3, 9, 100, 12, 77, 31, 8);
const batch = flatBatch([{ inputIds: tokens, labels: tokens }]);

/** A linear whose weight is in the engine's memory only between `load` and `unload`. */
class ComingLinear implements Linear {
  #loaded: DenseLinear | null = null;
  constructor(readonly stored: DenseWeight) {}

  get shape() {
    return this.stored.shape;
  }
  load(): void {
    this.#loaded = new DenseLinear({ ...this.stored, weight: Float32Array.from(this.stored.weight) });
  }
  unload(): void {
    this.#loaded!.dispose();
    this.#loaded = null;
  }
  forward(x: tf.Tensor2D): tf.Tensor2D {
    return this.#loaded!.forward(x);
  }
  terms() {
    return this.#loaded?.terms() ?? null;
  }
  denseWeight(): Float32Array {
    return this.stored.weight;
  }
  denseBias(): Float32Array | null {
    return this.stored.bias;
  }
  dispose(): void {
    if (this.#loaded) this.unload();
  }
}

/** Loads a layer when it is acquired and disposes it at its last release. */
class WalkedLayers implements LayerProvider {
  readonly counts: number[];
  readonly #linears: readonly (readonly ComingLinear[])[];
  /** Most layers that were there at one time. */
  most = 0;
  acquired = 0;

  constructor(readonly layers: readonly LayerWeights[]) {
    this.counts = layers.map(() => 0);
    this.#linears = layers.map(({ linears }) => Object.values(linears) as ComingLinear[]);
  }
  get present(): number {
    return this.counts.filter((count) => count > 0).length;
  }
  acquire(layer: number): LayerWeights {
    this.acquired++;
    if (this.counts[layer]++ === 0) for (const linear of this.#linears[layer]) linear.load();
    this.most = Math.max(this.most, this.present);
    return this.layers[layer];
  }
  release(layer: number): void {
    if (--this.counts[layer] === 0) for (const linear of this.#linears[layer]) linear.unload();
  }
}

async function models(
  name: string,
): Promise<{ held: LanguageModel; walked: LanguageModel; provider: WalkedLayers }> {
  const held = await loadModel(fileURLToPath(new URL(`../../fixtures/models/${name}`, import.meta.url)));
  const { config } = held;
  const linears = new Map(held.linears().map(({ path, linear }) => [path, linear]));
  const dense = (linear: Linear): DenseWeight => ({
    shape: linear.shape,
    weight: linear.denseWeight(),
    bias: linear.denseBias(),
  });
  const source = held.layers;
  const layers = Array.from({ length: config.layerCount }, (_, layer): LayerWeights => ({
    linears: Object.fromEntries(
      layerLinears(config, layer).map(({ path, pathInLayer }) => [
        pathInLayer,
        new ComingLinear(dense(linears.get(path)!)),
      ]),
    ),
    vectors: Object.fromEntries(
      Object.entries(source[layer].vectors).map(([key, vector]) => [key, tf.keep(vector.clone())]),
    ),
  }));
  const head = linears.get("lm_head")!;
  const provider = new WalkedLayers(layers);
  const walked = new LanguageModel(config, {
    embedding: new EmbeddingTable({
      format: "fp32",
      shape: held.embedding.shape,
      codes: held.embedding.denseRows(),
      scales: null,
    }),
    layers: provider,
    finalNorm: tf.keep(held.finalNorm.clone()),
    head: new DenseLinear(dense(head)),
  });
  return { held, walked, provider };
}

/** Multiplies the outputs of the first linear by a variable, so that gradients flow through every layer. */
function watched(model: LanguageModel): tf.Variable<tf.Rank.R1> {
  const { path, linear: base } = model.linears()[0];
  const gain = tf.tidy(() => tf.variable(tf.linspace(0.5, 1.5, base.shape[0])));
  model.replaceLinear(path, {
    shape: base.shape,
    forward: (x) => multiplyRows(base.forward(x), gain),
    denseWeight: () => base.denseWeight(),
    denseBias: () => base.denseBias(),
    dispose: () => base.dispose(),
  });
  return gain;
}

function gradientOf(model: LanguageModel, gain: tf.Variable<tf.Rank.R1>): number[] {
  const tape = new Tape([gain]);
  const loss = withTape(tape, () => model.loss(batch));
  const gradient: number[] = [];
  const one = tf.scalar(1);
  tape.backward(loss, one, (_, part) => gradient.push(...part.dataSync()));
  gradient.push(loss.dataSync()[0]);
  tf.dispose([loss, one]);
  return gradient;
}

describe.each(["qwen2", "llama", "qwen3"])("%s, layers that come and go", (name) => {
  beforeAll(async () => {
    await startEngine("cpu");
  });

  it("gives the same bits forward, with one layer there at a time", async () => {
    const { held, walked, provider } = await models(name);
    expect(walked.tokenLosses(batch)).toEqual(held.tokenLosses(batch));
    expect([provider.most, provider.present]).toEqual([1, 0]);
    expect(provider.acquired).toBe(held.config.layerCount);
    held.dispose();
    walked.dispose();
  });

  it.each<Checkpointing>(["block", "none", 1])(
    "gives the same bits in training with checkpointing %s, and lets go of every layer",
    async (checkpointing) => {
      const { held, walked, provider } = await models(name);
      const before = tf.memory().numTensors;
      const gradients = [held, walked].map((model) => {
        model.checkpointing = checkpointing;
        const gain = watched(model);
        const gradient = gradientOf(model, gain);
        gain.dispose();
        return gradient;
      });
      expect(gradients[1]).toEqual(gradients[0]);
      expect(provider.present).toBe(0);
      expect(tf.memory().numTensors).toBe(before);
      held.dispose();
      walked.dispose();
    },
  );

  it("lets go of layers when a pass is given up", async () => {
    const { held, walked, provider } = await models(name);
    const gain = watched(walked);
    const tape = new Tape([gain]);
    withTape(tape, () => walked.loss(batch)).dispose();
    expect(provider.present).toBe(held.config.layerCount);
    tape.dispose();
    expect(provider.present).toBe(0);
    gain.dispose();
    held.dispose();
    walked.dispose();
  });
});
