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
  startEngine,
} from "./index.js";
import { seededFloats } from "./testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 41);
const loaded = loadNativeKernels();
const native = "kernels" in loaded ? loaded.kernels : null;

const shape: CacheShape = {
  ...{ layerCount: 2, headCount: 6, keyValueHeadCount: 2, headSize: 20, scale: 1 / Math.sqrt(20) },
};
const queryWidth = shape.headCount * shape.headSize;
const width = shape.keyValueHeadCount * shape.headSize;

/** Queries, keys and values of all positions of some sequences, a layer. */
interface Rows {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

const randomRows = (floats: (length: number) => Float32Array, length: number): Rows[] =>
  Array.from({ length: shape.layerCount }, () => ({
    q: floats(length * queryWidth),
    k: floats(length * width),
    v: floats(length * width),
  }));

/** softmax(scale · q kᵀ) v of one position, in double. */
function plainAttention({ q, k, v }: Rows, position: number): number[] {
  const { headCount, keyValueHeadCount, headSize, scale } = shape;
  return Array.from({ length: headCount }, (_, head) => {
    const at = Math.floor(head / (headCount / keyValueHeadCount)) * headSize;
    const scores = Array.from({ length: position + 1 }, (_, j) => {
      let sum = 0;
      for (let c = 0; c < headSize; c++)
        sum += q[position * queryWidth + head * headSize + c] * k[j * width + at + c];
      return Math.exp(sum * scale);
    });
    const total = scores.reduce((a, b) => a + b, 0);
    return Array.from(
      { length: headSize },
      (_, c) => scores.reduce((sum, score, j) => sum + score * v[j * width + at + c], 0) / total,
    );
  }).flat();
}

/** Feeds the next rows of each sequence to both layers. @returns largest difference from plain attention */
function feed(
  cache: KeyValueCache,
  sequences: readonly { readonly rows: Rows[]; readonly from: number; readonly count: number }[],
): number {
  const segments = new Int32Array(sequences.length + 1);
  sequences.forEach(({ count }, s) => (segments[s + 1] = segments[s] + count));
  let worst = 0;
  for (let layer = 0; layer < shape.layerCount; layer++) {
    const joined = (name: keyof Rows, rowWidth: number): tf.Tensor3D => {
      const parts = sequences.flatMap(({ rows, from, count }) => [
        ...rows[layer][name].subarray(from * rowWidth, (from + count) * rowWidth),
      ]);
      return tf.tensor3d(parts, [segments[sequences.length], rowWidth / shape.headSize, shape.headSize]);
    };
    const out = tf.tidy(() =>
      cache.attend(layer, joined("q", queryWidth), joined("k", width), joined("v", width), segments),
    );
    const values = out.dataSync();
    sequences.forEach(({ rows, from, count }, s) => {
      for (let n = 0; n < count; n++) {
        plainAttention(rows[layer], from + n).forEach((expected, i) => {
          worst = Math.max(worst, Math.abs(values[(segments[s] + n) * queryWidth + i] - expected));
        });
      }
    });
    out.dispose();
  }
  cache.advance(segments);
  return worst;
}

const cases: [engine: string, format: CacheFormat, bound: number][] = [
  ["cpu", "fp32", 1e-5],
  ["wasm", "fp32", 1e-5],
  ["native", "fp32", 1e-5],
  // Values of up to 1 are rounded by up to 2⁻⁹ and 2⁻⁸; scores of these sizes move by as little.
  ["native", "bf16", 2 ** -8],
  ["native", "int8", 2 ** -7],
];

describe.each(cases)("a key/value cache on %s in %s", (engine, format, bound) => {
  describe.skipIf(engine === "native" && native === null)("", () => {
    beforeAll(async () => {
      await startEngine(engine, "fp32");
      // The first tensor has the engine set memory aside.
      tf.tidy(() => tf.add(tf.tensor1d([1]), tf.tensor1d([2])));
    });

    it(`attends to all rows so far, through growth and departures, within ${bound}`, () => {
      const floats = seededFloats(SEED);
      const lengths = [140, 3, 90];
      const rows = lengths.map((length) => randomRows(floats, length));
      const cache = createKeyValueCache(shape, lengths.length, format);
      const before = native?.memory().allocatedBytes;
      // A first pass of several rows, steps of one, a pass of several onto what is there; past 64 rows and 128.
      expect(
        feed(
          cache,
          rows.map((own, s) => ({ rows: own, from: 0, count: [60, 1, 70][s] })),
        ),
      ).toBeLessThan(bound);
      for (let n = 0; n < 2; n++) {
        const step = rows.map((own, s) => ({ rows: own, from: [60, 1, 70][s] + n, count: 1 }));
        expect(feed(cache, step)).toBeLessThan(bound);
      }
      expect([...cache.lengths]).toEqual([62, 3, 72]);
      const full = cache.byteLength;
      cache.select([2, 0]);
      expect([...cache.lengths]).toEqual([72, 62]);
      expect(cache.byteLength).toBeLessThan(full);
      if (engine === "native") {
        expect(native!.memory().allocatedBytes - before!).toBe(cache.byteLength);
      }
      const both = [
        { rows: rows[2], from: 72, count: 5 },
        { rows: rows[0], from: 62, count: 7 },
      ];
      expect(feed(cache, both)).toBeLessThan(bound);
      for (let n = 0; n < 13; n++) {
        const step = [
          { rows: rows[2], from: 77 + n, count: 1 },
          { rows: rows[0], from: 69 + n, count: 1 },
        ];
        expect(feed(cache, step)).toBeLessThan(bound);
      }
      cache.select([1]);
      for (let n = 82; n < 140; n++) {
        expect(feed(cache, [{ rows: rows[0], from: n, count: 1 }])).toBeLessThan(bound);
      }
      cache.dispose();
      expect(cache.byteLength).toBe(0);
      cache.dispose();
      if (engine === "native") expect(native!.memory().allocatedBytes).toBe(before);
    });

    it("takes a first pass beside steps of others", () => {
      const floats = seededFloats(SEED + 1);
      const rows = [randomRows(floats, 8), randomRows(floats, 8)];
      const cache = createKeyValueCache(shape, 2, format);
      expect(
        feed(cache, [
          { rows: rows[0], from: 0, count: 4 },
          { rows: rows[1], from: 0, count: 0 },
        ]),
      ).toBeLessThan(bound);
      expect(
        feed(cache, [
          { rows: rows[0], from: 4, count: 1 },
          { rows: rows[1], from: 0, count: 6 },
        ]),
      ).toBeLessThan(bound);
      expect(
        feed(cache, [
          { rows: rows[0], from: 5, count: 1 },
          { rows: rows[1], from: 6, count: 1 },
        ]),
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
    const rows = 64 * shape.layerCount * 2;
    expect(bytes).toEqual(
      [2 * width, 4 * width, 2 * width, width + 4 * shape.keyValueHeadCount].map((row) => rows * row),
    );
  });
});

describe("valuesInPlace", () => {
  it.each(["cpu", "wasm", ...(native ? ["native"] : [])])("gives the values on %s", async (engine) => {
    const { valuesInPlace } = await startEngine(engine);
    const sum = tf.tidy(() => tf.add(tf.tensor1d([1, 2]), tf.tensor1d([3, 4])));
    expect([...valuesInPlace(sum)]).toEqual([4, 6]);
    if (engine === "native") expect(valuesInPlace(sum).buffer).toBe(valuesInPlace(sum).buffer);
    sum.dispose();
  });
});
