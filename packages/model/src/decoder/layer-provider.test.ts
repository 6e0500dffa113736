import { listEngines, multiplyRows, startEngine, Tape, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LayerWeights } from "../architectures/architecture.js";
import { layerLinears, type StoredLinear } from "../architectures/linear-places.js";
import { loadModel } from "../load-model.js";
import type { Checkpointing } from "./checkpointing.js";
import { DenseLinear } from "./dense-linear.js";
import { EmbeddingTable } from "./embedding-table.js";
import { flatBatch } from "./flat-batch.js";
import { LanguageModel } from "./language-model.js";
import type { LayerProvider } from "./layer-provider.js";
import type { Linear } from "./linear.js";

/** Files that the tests read from. */
const open: TensorsOnDisk[] = [];
afterEach(() => {
  for (const tensors of open.splice(0)) tensors.close();
});

const tokens = Int32Array.of(1, 17, 99, 45, 60, 3, 9, 100, 12, 77, 31, 8);
const batch = flatBatch([{ inputIds: tokens, labels: tokens }]);

/** Where tensors lie in a safetensors file, after its header. */
type Offsets = Readonly<Record<string, { readonly data_offsets: readonly [number, number] }>>;

/** Float32 tensors of a safetensors file, each read from the disk when it is asked for. */
class TensorsOnDisk {
  readonly #file: number;
  readonly #dataStart: number;
  readonly #header: Offsets;
  /** Tensors read so far. */
  reads = 0;

  constructor(path: string) {
    this.#file = openSync(path, "r");
    const headerLength = Number(this.#bytes(0, 8).readBigUInt64LE());
    this.#dataStart = 8 + headerLength;
    this.#header = JSON.parse(this.#bytes(8, headerLength).toString("utf8")) as Offsets;
  }
  read(name: string): Float32Array {
    this.reads++;
    const [start, end] = this.#header[name].data_offsets;
    const bytes = this.#bytes(this.#dataStart + start, end - start);
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  close(): void {
    closeSync(this.#file);
  }
  #bytes(position: number, length: number): Buffer {
    const bytes = Buffer.from(new ArrayBuffer(length));
    expect(readSync(this.#file, bytes, 0, length, position)).toBe(length);
    return bytes;
  }
}

/** A linear whose weight is read by `load`, and in no memory after `unload`. */
class ComingLinear implements Linear {
  #loaded: DenseLinear | null = null;
  constructor(
    readonly place: StoredLinear,
    readonly tensors: TensorsOnDisk,
  ) {}

  get shape() {
    return this.place.shape;
  }
  load(): void {
    this.#loaded = new DenseLinear({
      shape: this.shape,
      weight: this.denseWeight(),
      bias: this.denseBias(),
    });
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
    return this.tensors.read(this.place.weight);
  }
  denseBias(): Float32Array | null {
    return this.place.bias === null ? null : this.tensors.read(this.place.bias);
  }
  dispose(): void {
    if (this.#loaded) this.unload();
  }
}

/** Reads a layer when it is acquired and frees it at its last release. */
class WalkedLayers implements LayerProvider {
  readonly isStreamed = true;
  readonly bytesRead = 0;
  readonly counts: number[];
  readonly #linears: readonly (readonly ComingLinear[])[];
  /** Most layers that were there at one time. */
  most = 0;
  acquired = 0;

  constructor(
    readonly layers: readonly LayerWeights[],
    readonly tensors: TensorsOnDisk,
  ) {
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
  dispose(): void {
    expect(this.present).toBe(0);
  }
  hold(layer: number): Promise<() => void> {
    this.acquire(layer);
    return Promise.resolve(() => {
      this.release(layer);
    });
  }
}

async function models(
  name: string,
): Promise<{ held: LanguageModel; walked: LanguageModel; provider: WalkedLayers }> {
  const folder = fileURLToPath(new URL(`../../fixtures/models/${name}`, import.meta.url));
  const held = await loadModel(folder);
  const { config } = held;
  const tensors = new TensorsOnDisk(join(folder, "model.safetensors"));
  open.push(tensors);
  const layers = Array.from({ length: config.layerCount }, (_, layer): LayerWeights => ({
    linears: Object.fromEntries(
      layerLinears(config, layer).map((place) => [place.pathInLayer, new ComingLinear(place, tensors)]),
    ),
    fixed: Object.fromEntries(
      Object.entries(held.layers[layer].fixed).map(([key, tensor]) => [key, tf.keep(tensor.clone())]),
    ),
    vectors: Object.fromEntries(
      Object.entries(held.layers[layer].vectors).map(([key, vector]) => [key, tf.keep(vector.clone())]),
    ),
  }));
  const head = held.linears().at(-1)!.linear;
  const provider = new WalkedLayers(layers, tensors);
  const walked = new LanguageModel(config, {
    embedding: new EmbeddingTable({
      format: "fp32",
      shape: held.embedding.shape,
      codes: held.embedding.denseRows(),
      scales: null,
    }),
    layers: provider,
    finalNorm: tf.keep(held.finalNorm.clone()),
    head: new DenseLinear({ shape: head.shape, weight: head.denseWeight(), bias: head.denseBias() }),
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

const offered = await Promise.all(
  listEngines().map(async ({ name, probe, precisions }) =>
    (await probe()) === null ? { name, precisions } : null,
  ),
);
const cases = offered
  .filter((engine) => engine !== null)
  .flatMap(({ name: engine, precisions }) =>
    precisions.flatMap((precision) =>
      ["qwen2", "llama", "qwen3", "deepseek_v3"].map((name) => ({ engine, precision, name })),
    ),
  );

describe.each(cases)(
  "$name, layers that come and go on $engine in $precision",
  ({ engine, precision, name }) => {
    beforeAll(async () => {
      await startEngine(engine, precision);
    });

    it("gives the same bits forward, with one layer there at a time", async () => {
      const { held, walked, provider } = await models(name);
      expect(walked.tokenLosses(batch)).toEqual(held.tokenLosses(batch));
      expect([provider.most, provider.present]).toEqual([1, 0]);
      expect(provider.acquired).toBe(held.config.layerCount);
      const linears = walked.linears().slice(0, -1);
      const stored = linears.filter(({ bias }) => bias !== null).length + linears.length;
      expect(provider.tensors.reads).toBe(stored);
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
  },
);
