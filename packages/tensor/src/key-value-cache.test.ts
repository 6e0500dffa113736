import { loadNativeKernels } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  cacheFormat,
  type CacheFormat,
  type CacheShape,
  createKeyValueCache,
  EngineError,
  type KeyValueCache,
  type LayerCacheShape,
  startEngine,
} from "./index.js";
import { seededFloats } from "./testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 41);
const loaded = loadNativeKernels();
const native = "kernels" in loaded ? loaded.kernels : null;

const layerShape: LayerCacheShape = {
  headCount: 6,
  keyValueHeadCount: 2,
  keySize: 20,
  valueSize: 20,
  scale: 1 / Math.sqrt(20),
  valuesAreKeys: false,
};
const shape: CacheShape = { layers: [layerShape, layerShape] };
/** Layers of two kinds: values of another size than keys, and a latent in place of both. */
const mixedShape: CacheShape = {
  layers: [
    { ...layerShape, valueSize: 12 },
    { ...layerShape, headCount: 3, keyValueHeadCount: 1, keySize: 14, valueSize: 14, valuesAreKeys: true },
  ],
};

/** Numbers a row. */
const widths = ({ headCount, keyValueHeadCount, keySize, valueSize }: LayerCacheShape) => ({
  q: headCount * keySize,
  k: keyValueHeadCount * keySize,
  v: keyValueHeadCount * valueSize,
});

/** Queries, keys and values of all positions of some sequences, a layer. */
interface Rows {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

const randomRows = (
  floats: (length: number) => Float32Array,
  length: number,
  { layers }: CacheShape = shape,
): Rows[] =>
  layers.map((layer) => {
    const width = widths(layer);
    const [q, k] = [floats(length * width.q), floats(length * width.k)];
    return { q, k, v: layer.valuesAreKeys ? k : floats(length * width.v) };
  });

/** softmax(scale · q kᵀ) v of one position, in double. */
function plainAttention({ q, k, v }: Rows, layer: LayerCacheShape, position: number): number[] {
  const { headCount, keyValueHeadCount, keySize, valueSize, scale } = layer;
  const width = widths(layer);
  return Array.from({ length: headCount }, (_, head) => {
    const group = Math.floor(head / (headCount / keyValueHeadCount));
    const scores = Array.from({ length: position + 1 }, (_, j) => {
      let sum = 0;
      for (let c = 0; c < keySize; c++)
        sum += q[position * width.q + head * keySize + c] * k[j * width.k + group * keySize + c];
      return Math.exp(sum * scale);
    });
    const total = scores.reduce((a, b) => a + b, 0);
    return Array.from(
      { length: valueSize },
      (_, c) =>
        scores.reduce((sum, score, j) => sum + score * v[j * width.v + group * valueSize + c], 0) / total,
    );
  }).flat();
}

/** Feeds the next rows of each sequence to all layers. @returns largest difference from plain attention */
function feed(
  cache: KeyValueCache,
  sequences: readonly { readonly rows: Rows[]; readonly from: number; readonly count: number }[],
  { layers }: CacheShape = shape,
): number {
  const segments = new Int32Array(sequences.length + 1);
  sequences.forEach(({ count }, s) => (segments[s + 1] = segments[s] + count));
  let worst = 0;
  for (const [layer, layerShape] of layers.entries()) {
    const { headCount, keyValueHeadCount, keySize, valueSize } = layerShape;
    const joined = (name: keyof Rows, heads: number, size: number): tf.Tensor3D => {
      const rowWidth = heads * size;
      const parts = sequences.flatMap(({ rows, from, count }) => [
        ...rows[layer][name].subarray(from * rowWidth, (from + count) * rowWidth),
      ]);
      return tf.tensor3d(parts, [segments[sequences.length], heads, size]);
    };
    const out = tf.tidy(() =>
      cache.attend(
        layer,
        joined("q", headCount, keySize),
        joined("k", keyValueHeadCount, keySize),
        joined("v", keyValueHeadCount, valueSize),
        segments,
      ),
    );
    expect(out.shape).toEqual([segments[sequences.length], headCount, valueSize]);
    const values = out.dataSync();
    sequences.forEach(({ rows, from, count }, s) => {
      for (let n = 0; n < count; n++) {
        plainAttention(rows[layer], layerShape, from + n).forEach((expected, i) => {
          const at = (segments[s] + n) * headCount * valueSize + i;
          worst = Math.max(worst, Math.abs(values[at] - expected));
        });
      }
    });
    out.dispose();
  }
  cache.advance(segments);
  return worst;
}

interface Case {
  readonly engine: string;
  readonly format: CacheFormat;
  readonly bound: number;
  readonly what: string;
  readonly shape: CacheShape;
}

const equal = { what: "keys and values of one size", shape };
const mixed = { what: "layers of two kinds", shape: mixedShape };
const cases: Case[] = [
  { engine: "cpu", format: "fp32", bound: 1e-5, ...equal },
  { engine: "wasm", format: "fp32", bound: 1e-5, ...equal },
  { engine: "native", format: "fp32", bound: 1e-5, ...equal },
  // Values of up to 1 are rounded by up to 2⁻⁹ and 2⁻⁸; scores of these sizes move by as little.
  { engine: "native", format: "bf16", bound: 2 ** -8, ...equal },
  { engine: "native", format: "int8", bound: 2 ** -7, ...equal },
  ...["cpu", "wasm", "native"].map((engine): Case => ({ engine, format: "fp32", bound: 1e-5, ...mixed })),
];

describe.each(cases)("a key/value cache on $engine in $format, $what", ({ engine, format, bound, shape }) => {
  const isNative = engine === "native" && shape === equal.shape;
  describe.skipIf(engine === "native" && native === null)("", () => {
    beforeAll(async () => {
      await startEngine(engine, "fp32");
      // The first tensor has the engine set memory aside.
      tf.tidy(() => tf.add(tf.tensor1d([1]), tf.tensor1d([2])));
    });

    it(`attends to all rows so far, through growth and departures, within ${bound}`, () => {
      const floats = seededFloats(SEED);
      const lengths = [140, 3, 90];
      const rows = lengths.map((length) => randomRows(floats, length, shape));
      const cache = createKeyValueCache(shape, lengths.length, format);
      const before = native?.memory().allocatedBytes;
      // A first pass of several rows, steps of one, a pass of several onto what is there; past 64 rows and 128.
      expect(
        feed(
          cache,
          rows.map((own, s) => ({ rows: own, from: 0, count: [60, 1, 70][s] })),
          shape,
        ),
      ).toBeLessThan(bound);
      for (let n = 0; n < 2; n++) {
        const step = rows.map((own, s) => ({ rows: own, from: [60, 1, 70][s] + n, count: 1 }));
        expect(feed(cache, step, shape)).toBeLessThan(bound);
      }
      expect([...cache.lengths]).toEqual([62, 3, 72]);
      const full = cache.byteLength;
      cache.select([2, 0]);
      expect([...cache.lengths]).toEqual([72, 62]);
      expect(cache.byteLength).toBeLessThan(full);
      if (isNative) {
        expect(native!.memory().allocatedBytes - before!).toBe(cache.byteLength);
      }
      const both = [
        { rows: rows[2], from: 72, count: 5 },
        { rows: rows[0], from: 62, count: 7 },
      ];
      expect(feed(cache, both, shape)).toBeLessThan(bound);
      for (let n = 0; n < 13; n++) {
        const step = [
          { rows: rows[2], from: 77 + n, count: 1 },
          { rows: rows[0], from: 69 + n, count: 1 },
        ];
        expect(feed(cache, step, shape)).toBeLessThan(bound);
      }
      cache.select([1]);
      for (let n = 82; n < 140; n++) {
        expect(feed(cache, [{ rows: rows[0], from: n, count: 1 }], shape)).toBeLessThan(bound);
      }
      cache.dispose();
      expect(cache.byteLength).toBe(0);
      cache.dispose();
      if (isNative) expect(native!.memory().allocatedBytes).toBe(before);
    });

    it("copies the first rows of a sequence and takes over the sequences of another cache", () => {
      const floats = seededFloats(SEED + 3);
      const text = randomRows(floats, 110, shape);
      const other = randomRows(floats, 20, shape);
      const before = native?.memory().allocatedBytes;
      const cache = createKeyValueCache(shape, 1, format);
      feed(cache, [{ rows: text, from: 0, count: 100 }], shape);
      const held = cache.extract(0, 70);
      expect([[...held.lengths], [...cache.lengths]]).toEqual([[70], [100]]);
      // What is done to the one leaves the other alone.
      cache.select([]);
      cache.add(1);
      feed(cache, [{ rows: other, from: 0, count: 9 }], shape);
      const again = held.extract(0, 66);
      cache.join(again);
      expect([[...again.lengths], [...cache.lengths]]).toEqual([[], [9, 66]]);
      expect(again.byteLength).toBe(0);
      again.dispose();
      const both = [
        { rows: other, from: 9, count: 4 },
        { rows: text, from: 66, count: 20 },
      ];
      expect(feed(cache, both, shape)).toBeLessThan(bound);
      cache.select([1]);
      expect(feed(cache, [{ rows: text, from: 86, count: 1 }], shape)).toBeLessThan(bound);
      expect(feed(held, [{ rows: text, from: 70, count: 1 }], shape)).toBeLessThan(bound);
      cache.dispose();
      held.dispose();
      if (isNative) expect(native!.memory().allocatedBytes).toBe(before);
    });

    it("takes a first pass beside steps of others", () => {
      const floats = seededFloats(SEED + 1);
      const rows = [randomRows(floats, 8, shape), randomRows(floats, 8, shape)];
      const cache = createKeyValueCache(shape, 2, format);
      expect(
        feed(
          cache,
          [
            { rows: rows[0], from: 0, count: 4 },
            { rows: rows[1], from: 0, count: 0 },
          ],
          shape,
        ),
      ).toBeLessThan(bound);
      expect(
        feed(
          cache,
          [
            { rows: rows[0], from: 4, count: 1 },
            { rows: rows[1], from: 0, count: 6 },
          ],
          shape,
        ),
      ).toBeLessThan(bound);
      expect(
        feed(
          cache,
          [
            { rows: rows[0], from: 5, count: 1 },
            { rows: rows[1], from: 6, count: 1 },
          ],
          shape,
        ),
      ).toBeLessThan(bound);
      cache.dispose();
    });
  });
});

describe("formats of caches", () => {
  it.each(["cpu", "wasm"])("%s keeps fp32 and refuses the others in a sentence", async (engine) => {
    await startEngine(engine);
    expect(cacheFormat()).toBe("fp32");
    expect(createKeyValueCache(shape, 1).format).toBe("fp32");
    for (const format of ["bf16", "int8"] as const) {
      expect(() => createKeyValueCache(shape, 1, format)).toThrow(EngineError);
      expect(() => cacheFormat(format)).toThrow(
        `cache ${format}: engine ${engine} keeps keys and values in fp32`,
      );
    }
  });

  it.skipIf(native === null)(
    "native keeps what it computes in float32 so unless told otherwise",
    async () => {
      for (const [precision, format] of [
        ["fp32", "fp32"],
        ["bf16", "bf16"],
        ["int8", "bf16"],
      ] as const) {
        await startEngine("native", precision);
        expect(cacheFormat()).toBe(format);
      }
    },
  );

  it.skipIf(native === null)("native keeps bf16 unless told otherwise, in half the memory", async () => {
    await startEngine("native");
    const bytes = (["auto", "fp32", "bf16", "int8"] as const).map((format) => {
      const cache = createKeyValueCache(shape, 1, format);
      feed(cache, [{ rows: randomRows(seededFloats(1), 3), from: 0, count: 3 }]);
      const { byteLength } = cache;
      cache.dispose();
      return byteLength;
    });
    const rows = 64 * shape.layers.length * 2;
    const width = widths(layerShape).k;
    expect(bytes).toEqual(
      [2 * width, 4 * width, 2 * width, width + 4 * layerShape.keyValueHeadCount].map((row) => rows * row),
    );
  });
});

describe("rows that an engine's caches do not take", () => {
  it.skipIf(native === null)("lie on the host, in its format", async () => {
    const { caches } = await startEngine("native");
    expect([shape, mixedShape].map((one) => caches.takes?.(one))).toEqual([true, false]);
    expect(cacheFormat("auto", mixedShape)).toBe("fp32");
    const before = native!.memory().allocatedBytes;
    const cache = createKeyValueCache(mixedShape, 1);
    expect([cache.format, cache.step]).toEqual(["fp32", undefined]);
    expect(native!.memory().allocatedBytes).toBe(before);
    expect(() => createKeyValueCache(mixedShape, 1, "bf16")).toThrow(
      "cache bf16: engine native keeps keys and values of this model's sizes in fp32",
    );
    cache.dispose();
  });

  it("take what keys and values have, and a latent once", async () => {
    await startEngine("cpu");
    const bytes = mixedShape.layers.map((layer) => {
      const cache = createKeyValueCache({ layers: [layer] }, 1);
      feed(cache, [{ rows: randomRows(seededFloats(1), 3, { layers: [layer] }), from: 0, count: 3 }], {
        layers: [layer],
      });
      return cache.byteLength;
    });
    expect(bytes).toEqual([64 * 4 * 2 * (20 + 12), 64 * 4 * 14]);
  });
});

describe("steps of layers of two kinds", () => {
  it.skipIf(native === null)(
    "are what attention row by row is, in room that widens for the second",
    async () => {
      await startEngine("native", "fp32");
      const wide = { ...layerShape, headCount: 9, keyValueHeadCount: 3, keySize: 30, valueSize: 30 };
      const shape: CacheShape = { layers: [layerShape, wide] };
      const floats = seededFloats(SEED + 2);
      const norm = tf.tensor1d(floats(4));
      const angles = { cos: new Float32Array(2), sin: new Float32Array(2) };
      const [stepped, attended] = [0, 1].map(() => createKeyValueCache(shape, 2, "fp32"));
      const segments = Int32Array.of(0, 1, 2);
      for (let token = 0; token < 3; token++) {
        const rows = randomRows(floats, 2, shape);
        const seen: Float32Array[] = [];
        const x = tf.tensor2d(floats(8), [2, 4]);
        const y = stepped.step!(
          x,
          rows.map(({ q, k, v }) => (context) => {
            const normed = context.rmsNorm(context.residual, norm, 1e-6);
            const copy = normed.slice();
            seen.push(context.attend(q, k, v).slice());
            // Rows of an operation stay until the layer ends.
            expect(normed).toEqual(copy);
            context.residual[0] += 1;
          }),
          angles,
        );
        expect(y.dataSync()[0]).toBeCloseTo(x.dataSync()[0] + 2, 6);
        shape.layers.forEach(({ headCount, keyValueHeadCount, keySize }, layer) => {
          const { q, k, v } = rows[layer];
          const out = tf.tidy(() =>
            attended.attend(
              layer,
              tf.tensor3d(q, [2, headCount, keySize]),
              tf.tensor3d(k, [2, keyValueHeadCount, keySize]),
              tf.tensor3d(v, [2, keyValueHeadCount, keySize]),
              segments,
            ),
          );
          // The first token of a text goes through the kernel of a first pass.
          const bound = token === 0 ? 1e-6 : 0;
          out.dataSync().forEach((value, i) => {
            expect(Math.abs(value - seen[layer][i])).toBeLessThanOrEqual(bound);
          });
          out.dispose();
        });
        for (const cache of [stepped, attended]) cache.advance(segments);
        tf.dispose([x, y]);
      }
      expect(stepped.byteLength).toBe(attended.byteLength);
      for (const cache of [stepped, attended]) cache.dispose();
      norm.dispose();
    },
  );
});
