import type { AttentionShape } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { attention, ShapeError, startEngine } from "../index.js";
import { distance, enginesHere, seededFloats } from "../testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 4711);
const floats = seededFloats(SEED);

/** What attention is, in float64 and one query at a time. */
function reference(q: Float32Array, k: Float32Array, v: Float32Array, shape: AttentionShape): Float64Array {
  const { headCount, keyValueHeadCount, keySize, valueSize, scale, querySegments, keySegments } = shape;
  const out = new Float64Array((querySegments.at(-1) ?? 0) * headCount * valueSize);
  for (let s = 0; s + 1 < querySegments.length; s++) {
    const [queries, keys] = [querySegments, keySegments].map((segments) => segments[s + 1] - segments[s]);
    for (let i = 0; i < queries; i++) {
      for (let h = 0; h < headCount; h++) {
        const group = Math.floor(h / (headCount / keyValueHeadCount));
        const query = (querySegments[s] + i) * headCount + h;
        const key = (j: number): number => (keySegments[s] + j) * keyValueHeadCount + group;
        const seen = Array.from({ length: keys - queries + i + 1 }, (_, j) => j);
        const scores = seen.map((j) => {
          let dot = 0;
          for (let c = 0; c < keySize; c++) dot += q[query * keySize + c] * k[key(j) * keySize + c];
          return dot * scale;
        });
        const largest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - largest));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (let c = 0; c < valueSize; c++) {
          for (const j of seen)
            out[query * valueSize + c] += (weights[j] / total) * v[key(j) * valueSize + c];
        }
      }
    }
  }
  return out;
}

interface Arrays {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

function randomArrays(shape: AttentionShape): Arrays {
  const { headCount, keyValueHeadCount, keySize, valueSize, querySegments, keySegments } = shape;
  const keyHeads = (keySegments.at(-1) ?? 0) * keyValueHeadCount;
  return {
    q: floats((querySegments.at(-1) ?? 0) * headCount * keySize),
    k: floats(keyHeads * keySize),
    v: floats(keyHeads * valueSize),
  };
}

function attend({ q, k, v }: Arrays, shape: AttentionShape): Float32Array {
  const { headCount, keyValueHeadCount, keySize, valueSize, querySegments, keySegments } = shape;
  return tf.tidy(() => {
    const [queryRows, keyRows] = [querySegments.at(-1) ?? 0, keySegments.at(-1) ?? 0];
    const out = attention(
      tf.tensor3d(q, [queryRows, headCount, keySize]),
      tf.tensor3d(k, [keyRows, keyValueHeadCount, keySize]),
      tf.tensor3d(v, [keyRows, keyValueHeadCount, valueSize]),
      shape,
    );
    return out.dataSync<"float32">().slice();
  });
}

const single = (queries: number, keys: number, heads: Partial<AttentionShape> = {}): AttentionShape => ({
  headCount: 4,
  keyValueHeadCount: 2,
  keySize: 6,
  valueSize: 6,
  scale: 1 / Math.sqrt(6),
  querySegments: Int32Array.of(0, queries),
  keySegments: Int32Array.of(0, keys),
  ...heads,
});

describe.each(await enginesHere())(`attention on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  it.each([
    ["one query, one key", single(1, 1)],
    ["one query over many keys", single(1, 70)],
    ["as many queries as keys, beyond a tile", single(130, 130)],
    ["later queries of a longer sequence", single(5, 140)],
    ["each head with keys of its own", single(9, 9, { headCount: 3, keyValueHeadCount: 3 })],
    ["all heads with the same keys", single(9, 9, { headCount: 5, keyValueHeadCount: 1 })],
    ["heads of one number", single(7, 8, { keySize: 1, valueSize: 1 })],
    ["heads wider than any vector", single(3, 4, { keySize: 80, valueSize: 80 })],
    ["values narrower than keys", single(5, 9, { keySize: 24, valueSize: 16 })],
    [
      "values wider than keys, in one head",
      single(9, 9, { keyValueHeadCount: 1, keySize: 3, valueSize: 10 }),
    ],
    ["no rows, values narrower than keys", single(0, 0, { keySize: 4, valueSize: 3 })],
    [
      "several sequences, some of them empty",
      single(0, 0, {
        querySegments: Int32Array.of(0, 0, 4, 4, 5),
        keySegments: Int32Array.of(0, 0, 6, 9, 12),
      }),
    ],
  ])("is the weighted mean of what is seen: %s", (_name, shape) => {
    const arrays = randomArrays(shape);
    const expected = reference(arrays.q, arrays.k, arrays.v, shape);
    expect(distance(attend(arrays, shape), expected)).toBeLessThan(5e-6);
  });

  it("does not look ahead: later keys and values change nothing before them", () => {
    const shape = single(20, 20);
    const arrays = randomArrays(shape);
    const before = attend(arrays, shape);
    const changed = { ...arrays, k: arrays.k.slice(), v: arrays.v.slice() };
    const rowSize = shape.keyValueHeadCount * shape.keySize;
    changed.k.fill(9, 13 * rowSize);
    changed.v.fill(-9, 13 * rowSize);
    const after = attend(changed, shape);
    const firstChanged = 13 * shape.headCount * shape.valueSize;
    expect([...after.subarray(0, firstChanged)]).toEqual([...before.subarray(0, firstChanged)]);
    expect(distance(after.subarray(firstChanged), before.subarray(firstChanged))).toBeGreaterThan(0.1);
  });

  it("treats sequences that lie end to end as if each were alone", () => {
    const shape = single(0, 0, {
      querySegments: Int32Array.of(0, 3, 8, 9),
      keySegments: Int32Array.of(0, 5, 10, 17),
    });
    const arrays = randomArrays(shape);
    const together = attend(arrays, shape);
    const queryRow = shape.headCount * shape.keySize;
    const keyRow = shape.keyValueHeadCount * shape.keySize;
    for (let s = 0; s < 3; s++) {
      const [from, to] = [shape.querySegments[s], shape.querySegments[s + 1]];
      const [first, end] = [shape.keySegments[s], shape.keySegments[s + 1]];
      const alone = attend(
        {
          q: arrays.q.subarray(from * queryRow, to * queryRow),
          k: arrays.k.subarray(first * keyRow, end * keyRow),
          v: arrays.v.subarray(first * keyRow, end * keyRow),
        },
        single(to - from, end - first),
      );
      expect(distance(together.subarray(from * queryRow, to * queryRow), alone)).toBeLessThan(2e-6);
    }
  });

  it("is the plain mean of the values seen where scores are all the same", () => {
    const shape = single(6, 6, { headCount: 1, keyValueHeadCount: 1, keySize: 1, valueSize: 1, scale: 0 });
    const v = Float32Array.of(2, 4, 9, 1, 14, 0);
    const out = attend({ q: floats(6), k: floats(6), v }, shape);
    expect(distance(out, [2, 3, 5, 4, 6, 5])).toBeLessThan(2e-6);
  });

  it("does not change when every score of a query is shifted by the same", () => {
    // The first of two numbers of each key is 1, so that the first of a query is added to all of its scores.
    const shape = single(5, 5, { headCount: 1, keyValueHeadCount: 1, keySize: 2, valueSize: 2, scale: 1 });
    const arrays = randomArrays(shape);
    for (let j = 0; j < 5; j++) arrays.k[2 * j] = 1;
    const shifted = { ...arrays, q: arrays.q.map((value, i) => (i % 2 === 0 ? value + 8 : value)) };
    expect(distance(attend(shifted, shape), attend(arrays, shape))).toBeLessThan(1e-5);
  });

  it("stays finite where scores are far beyond what float32's exponential takes", () => {
    const shape = single(4, 4, { headCount: 1, keyValueHeadCount: 1, keySize: 2, valueSize: 2, scale: 1 });
    const arrays = randomArrays(shape);
    const large = { ...arrays, q: arrays.q.map((value) => value * 1e4) };
    const out = attend(large, shape);
    expect(out.every(Number.isFinite)).toBe(true);
    expect(distance(out, reference(large.q, large.k, large.v, shape))).toBeLessThan(1e-4);
  });

  it("gives heads of a group what heads with keys of their own give, when those are copies", () => {
    const shape = single(7, 9);
    const arrays = randomArrays(shape);
    const copied = (x: Float32Array): Float32Array => {
      const out: number[] = [];
      for (let row = 0; row < 9; row++) {
        for (let h = 0; h < 4; h++) {
          const from = (row * 2 + Math.floor(h / 2)) * 6;
          out.push(...x.subarray(from, from + 6));
        }
      }
      return Float32Array.from(out);
    };
    const own = attend(
      { q: arrays.q, k: copied(arrays.k), v: copied(arrays.v) },
      single(7, 9, { keyValueHeadCount: 4 }),
    );
    expect(distance(own, attend(arrays, shape))).toBeLessThan(2e-6);
  });
});

describe("attention refuses", () => {
  beforeAll(() => startEngine("cpu"));
  const shape = single(2, 3);
  const zeros = (size: readonly [number, number, number]): tf.Tensor3D => tf.zeros([...size]);

  it.each([
    ["queries of another number of rows", [3, 4, 6], [3, 2, 6], [3, 2, 6], "q [2, 4, 6]"],
    ["queries of another number of heads", [2, 2, 6], [3, 2, 6], [3, 2, 6], "q [2, 4, 6]"],
    ["keys of another size", [2, 4, 6], [3, 2, 5], [3, 2, 6], "k [3, 2, 6]"],
    ["values of another number of rows", [2, 4, 6], [3, 2, 6], [2, 2, 6], "v [3, 2, 6]"],
  ] as const)("%s", (_name, queries, keys, values, expected) => {
    const run = (): unknown => attention(zeros(queries), zeros(keys), zeros(values), shape);
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(expected);
  });
});
