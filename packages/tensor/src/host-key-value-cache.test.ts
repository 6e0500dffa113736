/** Laws of the cache on the host, which need no other implementation: attention over one row, and over rows weighed alike. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { hostCaches } from "./host-key-value-cache.js";
import type { KeyValueCache, LayerCacheShape } from "./key-value-cache.js";
import { startEngine } from "./start-engine.js";
import { distance, seededFloats } from "./testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 17);

/** Rows that there is room for at first. */
const FIRST_ROWS = 64;
const BYTES = 4;

const layer: LayerCacheShape = {
  headCount: 4,
  keyValueHeadCount: 2,
  keySize: 3,
  valueSize: 5,
  scale: 0.5,
  valuesAreKeys: false,
};
/** All rows weigh alike where the scores are all 0. */
const even: LayerCacheShape = { ...layer, scale: 0 };
const latent: LayerCacheShape = { ...layer, keyValueHeadCount: 1, valueSize: 3, valuesAreKeys: true };

beforeAll(() => startEngine("cpu"));

interface Pass {
  readonly q: tf.Tensor3D;
  readonly k: tf.Tensor3D;
  readonly v: tf.Tensor3D;
}

function passOf(shape: LayerCacheShape, rows: number, floats: (length: number) => Float32Array): Pass {
  const filled = (heads: number, size: number): tf.Tensor3D =>
    tf.tensor3d(floats(rows * heads * size), [rows, heads, size]);
  const { headCount, keyValueHeadCount, keySize, valueSize } = shape;
  return {
    q: filled(headCount, keySize),
    k: filled(keyValueHeadCount, keySize),
    v: filled(keyValueHeadCount, valueSize),
  };
}

/** One pass through one layer, its rows counted. */
function attend(cache: KeyValueCache, { q, k, v }: Pass, ...ends: readonly number[]): Float32Array {
  const segments = Int32Array.of(0, ...ends);
  const out = cache.attend(0, q, k, v, segments);
  cache.advance(segments);
  const values = out.dataSync() as Float32Array;
  out.dispose();
  return values.slice();
}

/** Rows from one up to, and without, another. */
const part = ({ q, k, v }: Pass, start: number, end: number): Pass => {
  const of = (x: tf.Tensor3D): tf.Tensor3D => tf.slice(x, [start, 0, 0], [end - start, -1, -1]);
  return { q: of(q), k: of(k), v: of(v) };
};

describe(`the cache on the host (seed ${SEED})`, () => {
  it("gives each head the value of its group where a sequence has one row", () => {
    const cache = hostCaches.create({ layers: [layer] }, 1, "fp32");
    const pass = passOf(layer, 1, seededFloats(SEED));
    const values = [...pass.v.dataSync()];
    const [first, second] = [values.slice(0, 5), values.slice(5)];
    expect([...attend(cache, pass, 1)]).toEqual([...first, ...first, ...second, ...second]);
  });

  it("gives the mean of all rows up to its own where all weigh alike, also past the room that there was", () => {
    const rows = 2 * FIRST_ROWS + 7;
    const cache = hostCaches.create({ layers: [even] }, 1, "fp32");
    const all = passOf(even, rows, seededFloats(SEED + 1));
    const out = [FIRST_ROWS - 1, 2, 1, FIRST_ROWS + 5].reduce<{
      readonly at: number;
      readonly seen: number[];
    }>(
      ({ at, seen }, count) => ({
        at: at + count,
        seen: [...seen, ...attend(cache, part(all, at, at + count), count)],
      }),
      { at: 0, seen: [] },
    );
    expect(out.at).toBe(rows);
    const v = all.v.dataSync();
    const means = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: even.headCount * even.valueSize }, (_, place) => {
        const column = Math.floor(place / (2 * even.valueSize)) * even.valueSize + (place % even.valueSize);
        let sum = 0;
        for (let before = 0; before <= row; before++) sum += v[before * 2 * even.valueSize + column];
        return sum / (row + 1);
      }),
    ).flat();
    expect(distance(out.seen, means)).toBeLessThan(2e-6);
  });

  it.each([
    ["keys and values", layer],
    ["a latent in place of both", latent],
  ])("computes the same in one pass as in many, with %s", (_what, shape) => {
    const all = passOf(shape, 9, seededFloats(SEED + 2));
    const whole = attend(hostCaches.create({ layers: [shape] }, 1, "fp32"), all, 9);
    const cache = hostCaches.create({ layers: [shape] }, 1, "fp32");
    const pieces = Array.from({ length: 9 }, (_, row) => [
      ...attend(cache, part(all, row, row + 1), 1),
    ]).flat();
    expect(distance(pieces, whole)).toBeLessThan(1e-6);
  });

  it("computes sequences beside each other as alone, one without new rows among them", () => {
    const all = passOf(layer, 7, seededFloats(SEED + 3));
    const cache = hostCaches.create({ layers: [layer] }, 3, "fp32");
    const together = attend(cache, all, 3, 3, 7);
    const alone = [
      [0, 3],
      [3, 7],
    ].flatMap(([start, end]) => [
      ...attend(hostCaches.create({ layers: [layer] }, 1, "fp32"), part(all, start, end), end - start),
    ]);
    expect([...together]).toEqual(alone);
    expect([...cache.lengths]).toEqual([3, 0, 4]);
  });

  it("counts the rows of a pass only when it is finished, so that all layers see the same", () => {
    const cache = hostCaches.create({ layers: [even, even] }, 1, "fp32");
    const { q, k, v } = passOf(even, 2, seededFloats(SEED + 4));
    const segments = Int32Array.of(0, 2);
    const outs = [0, 1].map((place) => cache.attend(place, q, k, v, segments));
    expect([...outs[1].dataSync()]).toEqual([...outs[0].dataSync()]);
    expect([...cache.lengths]).toEqual([0]);
    cache.advance(segments);
    expect([...cache.lengths]).toEqual([2]);
  });

  it("holds the bytes of the rows that there is room for, of a latent once, and doubles when they are full", () => {
    const bytesOf = (shape: LayerCacheShape, rows: number): number =>
      rows * BYTES * shape.keyValueHeadCount * (shape.keySize + (shape.valuesAreKeys ? 0 : shape.valueSize));
    const cache = hostCaches.create({ layers: [layer, latent] }, 2, "fp32");
    const first = 2 * (bytesOf(layer, FIRST_ROWS) + bytesOf(latent, FIRST_ROWS));
    expect(cache.byteLength).toBe(first);
    const floats = seededFloats(SEED + 5);
    attend(cache, passOf(layer, FIRST_ROWS, floats), FIRST_ROWS, FIRST_ROWS);
    expect(cache.byteLength).toBe(first);
    attend(cache, passOf(layer, 1, floats), 1, 1);
    expect(cache.byteLength).toBe(first + bytesOf(layer, FIRST_ROWS));
    cache.select([1]);
    expect(cache.byteLength).toBe(first / 2);
    cache.dispose();
    cache.dispose();
    expect([cache.byteLength, cache.lengths.length]).toEqual([0, 0]);
  });

  it("copies the first rows of a sequence, whatever becomes of the sequence", () => {
    const floats = seededFloats(SEED + 6);
    const cache = hostCaches.create({ layers: [layer] }, 1, "fp32");
    const all = passOf(layer, 6, floats);
    attend(cache, part(all, 0, 4), 4);
    const copy = cache.extract(0, 3);
    attend(cache, passOf(layer, 5, floats), 5);
    cache.dispose();
    expect([...copy.lengths]).toEqual([3]);
    const afterCopy = attend(copy, part(all, 3, 6), 3);
    const whole = attend(hostCaches.create({ layers: [layer] }, 1, "fp32"), all, 6);
    expect(distance(afterCopy, whole.slice(whole.length / 2))).toBeLessThan(1e-6);
  });

  it("puts sequences in another order, adds empty ones and takes over those of another cache", () => {
    const floats = seededFloats(SEED + 7);
    const cache = hostCaches.create({ layers: [layer] }, 2, "fp32");
    attend(cache, passOf(layer, 3, floats), 1, 3);
    cache.select([1, 0]);
    cache.add(1);
    const other = hostCaches.create({ layers: [layer] }, 1, "fp32");
    attend(other, passOf(layer, 5, floats), 5);
    cache.join(other);
    expect([...cache.lengths]).toEqual([2, 1, 0, 5]);
    expect(other.lengths).toHaveLength(0);
    expect(() => cache.join({ ...other, lengths: other.lengths })).toThrow(RangeError);
  });
});
