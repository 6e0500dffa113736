import { phrase, sayPhrase } from "@lathe/files";
import { execFileSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { AttentionShape } from "./attention.js";
import { threefry2x32 } from "./threefry.js";
import { hostKernels, kernelsOf, type HostKernels } from "./wasm-kernels.js";
import { load, SIMD_MEMORY_LIMIT, type SimdModule } from "./wasm-module.js";
import { SimdMemoryError } from "./errors.js";

const SEED = Number(process.env["TEST_SEED"] ?? 20261123);
const about = (text: string): string => `${text} (TEST_SEED=${SEED})`;

const file = new URL("../build/simd.wasm", import.meta.url);
const plain = kernelsOf({ reason: phrase`asked for` });
let simd: HostKernels;
let module: SimdModule;

beforeAll(() => {
  execFileSync(process.execPath, [fileURLToPath(new URL("../scripts/build-wasm.mjs", import.meta.url))]);
  const loaded = load(file);
  if ("reason" in loaded) throw new Error(sayPhrase(loaded.reason));
  module = loaded.module;
  simd = kernelsOf(loaded);
}, 120_000);

const sameBits = (actual: Float32Array, expected: Float32Array): boolean =>
  Buffer.compare(new Uint8Array(actual.buffer), new Uint8Array(expected.buffer)) === 0;

let counter = 0;
/** Values in [−1, 1). */
const floats = (length: number): Float32Array =>
  Float32Array.from({ length }, () => threefry2x32([SEED, 0], [counter++, 0])[0] / 2 ** 31 - 1);
const integer = (below: number): number => Math.floor(((floats(1)[0] + 1) / 2) * below);
const garbage = (length: number): Float32Array => new Float32Array(length).fill(NaN);

/** Largest difference, relative to the largest expected value; NaN and infinities count as infinitely far. */
function distance(actual: Float32Array, expected: Float32Array): number {
  let [largest, scale] = [0, 1e-30];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    largest = Math.max(largest, Number.isFinite(difference) ? difference : Infinity);
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return actual.length === expected.length ? largest / scale : Infinity;
}

const offsets = (lengths: readonly number[]): Int32Array => {
  let sum = 0;
  return Int32Array.of(0, ...lengths.map((length) => (sum += length)));
};

interface AttentionCase {
  readonly name: string;
  readonly heads: readonly [headCount: number, keyValueHeadCount: number, headSize: number];
  readonly queries: readonly number[];
  readonly keys?: readonly number[];
  readonly scale?: number;
}

const attentionCases: AttentionCase[] = [
  { name: "a batch of sequences", heads: [4, 2, 64], queries: [48, 7, 33, 1] },
  { name: "one row", heads: [2, 1, 8], queries: [1] },
  { name: "empty sequences", heads: [4, 2, 16], queries: [0, 3, 0, 5, 0] },
  { name: "no sequence at all", heads: [4, 2, 16], queries: [] },
  { name: "keys without queries", heads: [2, 2, 8], queries: [3, 0, 2], keys: [3, 4, 9] },
  { name: "as many key heads as heads", heads: [3, 3, 20], queries: [17, 40] },
  { name: "one key head", heads: [7, 1, 24], queries: [13, 6] },
  { name: "head size 1", heads: [2, 1, 1], queries: [9] },
  { name: "head size 5", heads: [4, 4, 5], queries: [11, 2] },
  { name: "head size 13", heads: [6, 2, 13], queries: [35] },
  { name: "head size 80", heads: [2, 1, 80], queries: [37] },
  { name: "one query of many keys", heads: [12, 2, 64], queries: [1, 1], keys: [301, 77] },
  { name: "a few queries of many keys", heads: [4, 2, 12], queries: [3, 35], keys: [601, 36] },
  { name: "sharp probabilities", heads: [2, 2, 32], queries: [70], scale: 8 },
  { name: "scores of hundreds", heads: [2, 1, 16], queries: [40], scale: 100 },
  { name: "thousands of tokens", heads: [2, 1, 8], queries: [2500] },
];

function attentionInputs({ heads, queries, keys = queries, scale }: AttentionCase): {
  inputs: Float32Array[];
  shape: AttentionShape;
} {
  const [headCount, keyValueHeadCount, headSize] = heads;
  const querySegments = offsets(queries);
  const keySegments = offsets(keys);
  const size = querySegments.at(-1)! * headCount * headSize;
  const keyNumbers = keySegments.at(-1)! * keyValueHeadCount * headSize;
  return {
    inputs: [size, keyNumbers, keyNumbers, size].map(floats),
    shape: {
      headCount,
      keyValueHeadCount,
      keySize: headSize,
      valueSize: headSize,
      scale: scale ?? 1 / Math.sqrt(headSize),
      querySegments,
      keySegments,
    },
  };
}

function attend(
  kernels: HostKernels,
  [q, k, v, dOut]: Float32Array[],
  shape: AttentionShape,
): Float32Array[] {
  const out = garbage(dOut.length);
  const [dq, dk, dv] = [q, k, v].map(({ length }) => garbage(length));
  kernels.attentionForward(q, k, v, out, shape);
  kernels.attentionBackward(q, k, v, dOut, dq, dk, dv, shape);
  return [out, dq, dk, dv];
}

describe("attention", () => {
  it.each(attentionCases)("agrees with the plain kernel: $name", (attentionCase) => {
    const { inputs, shape } = attentionInputs(attentionCase);
    const expected = attend(plain, inputs, shape);
    const actual = attend(simd, inputs, shape);
    // Rounding moves scores of hundreds by 2⁻¹⁷, and probabilities as much.
    const bound = (attentionCase.scale ?? 1) > 8 ? 1e-4 : 1e-5;
    ["out", "dq", "dk", "dv"].forEach((name, index) => {
      expect(distance(actual[index], expected[index]), about(name)).toBeLessThan(bound);
    });
  });

  it("agrees on shapes drawn at random", () => {
    for (let round = 0; round < 40; round++) {
      const groups = 1 + integer(3);
      const queries = Array.from({ length: 1 + integer(3) }, () => integer(70));
      const attentionCase: AttentionCase = {
        name: "",
        heads: [groups * (1 + integer(4)), groups, 1 + integer(40)],
        queries,
        keys: queries.map((length) => length + integer(2) * integer(50)),
      };
      const { inputs, shape } = attentionInputs(attentionCase);
      const expected = attend(plain, inputs, shape);
      attend(simd, inputs, shape).forEach((values, index) => {
        const where = about(`${JSON.stringify(attentionCase)}, array ${index}`);
        expect(distance(values, expected[index]), where).toBeLessThan(1e-5);
      });
    }
  });

  it.each([
    ["narrower", 6, 4],
    ["wider", 3, 7],
  ])("computes values %s than keys as the plain kernel does", (_what, keySize, valueSize) => {
    const segments = { querySegments: Int32Array.of(0, 5, 9), keySegments: Int32Array.of(0, 7, 11) };
    const shape = { headCount: 4, keyValueHeadCount: 2, keySize, valueSize, scale: 0.5, ...segments };
    const inputs = [9 * 4 * keySize, 11 * 2 * keySize, 11 * 2 * valueSize, 9 * 4 * valueSize].map(floats);
    expect(attend(simd, inputs, shape)).toEqual(attend(plain, inputs, shape));
  });

  it("gives a sequence the same bits whatever lies beside it", () => {
    const { inputs, shape } = attentionInputs({ name: "", heads: [4, 2, 12], queries: [9, 37, 3] });
    const together = attend(simd, inputs, shape);
    const alone = { ...shape, querySegments: Int32Array.of(0, 37), keySegments: Int32Array.of(0, 37) };
    const widths = [48, 24, 24, 48];
    const parts = inputs.map((x, index) => x.slice(9 * widths[index], 46 * widths[index]));
    attend(simd, parts, alone).forEach((values, index) => {
      const width = [48, 48, 24, 24][index];
      expect(values, about("bits")).toEqual(together[index].slice(9 * width, 46 * width));
    });
  });

  it("lets no token see a later one, even where those are infinite", () => {
    const { inputs, shape } = attentionInputs({ name: "", heads: [2, 1, 8], queries: [40] });
    const before = attend(simd, inputs, shape)[0];
    inputs[1].fill(Infinity, 21 * 8);
    const after = attend(simd, inputs, shape)[0];
    expect(after.slice(0, 21 * 16), about("rows before the infinite keys")).toEqual(before.slice(0, 21 * 16));
  });

  it("needs memory of a block times the length, not of its square", () => {
    expect(module.exports.attentionScratch(32768, 64, true)).toBeLessThan(64 * 2 ** 20);
  });

  it("refuses a sequence beyond the memory limit by name", () => {
    expect(() => module.begin([SIMD_MEMORY_LIMIT])).toThrow(SimdMemoryError);
  });
});

describe("exp", () => {
  const exponentials = (values: Float32Array): Float32Array => {
    module.begin([values.byteLength]);
    const at = module.copyIn(values);
    module.exports.exponentials(at, values.length, 0);
    const result = new Float32Array(values.length);
    module.copyOut(at, result);
    return result;
  };

  it("is within 1.5 units in the last place where results are normal", () => {
    const count = 2 ** 18;
    const values = Float32Array.from(
      { length: count },
      (_, i) => -87.3 + (176 * (i + integer(2) / 2)) / count,
    );
    let worst = 0;
    exponentials(values).forEach((actual, i) => {
      const exact = Math.exp(values[i]);
      worst = Math.max(worst, Math.abs(actual - exact) / 2 ** (Math.floor(Math.log2(exact)) - 23));
    });
    expect(worst, about("units in the last place")).toBeLessThan(1.5);
  });

  it("is exact at the edges", () => {
    const values = Float32Array.of(-Infinity, Infinity, NaN, 0, -0, -104, -1e30, 1e30, 89, -103, 1e-30, -200);
    expect([...exponentials(values)]).toEqual([...values].map((x) => Math.fround(Math.exp(x))));
  });

  it("is right to the smallest subnormal number", () => {
    const values = Float32Array.from({ length: 1024 }, (_, i) => -103.9 + i / 64);
    exponentials(values).forEach((actual, i) => {
      const exact = Math.exp(values[i]);
      const unit = Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(exact)) - 23));
      expect(Math.abs(actual - exact) / unit, `exp(${values[i]})`).toBeLessThan(1.5);
    });
  });
});

describe("the other kernels agree with the plain ones", () => {
  it.each([
    [1, 1],
    [3, 5],
    [4, 4],
    [37, 51],
    [32, 33],
    [1, 70],
    [70, 1],
    [128, 96],
    [0, 4],
    [2049, 1024],
  ])("transpose [%i, %i]", (rows, columns) => {
    const x = floats(rows * columns);
    const [actual, expected] = [garbage(x.length), garbage(x.length)];
    simd.transpose(x, actual, rows, columns);
    plain.transpose(x, expected, rows, columns);
    expect(sameBits(actual, expected), about("same bits")).toBe(true);
  });

  it.each([
    [6, 3, 4, 1],
    [1, 1, 2, -1],
    [33, 2, 10, 1],
    [40, 4, 64, -1],
    [700, 3, 80, 1],
    [0, 3, 8, 1],
  ] as const)("rotate [%i, %i, %i] by %i, also in place", (rows, heads, size, direction) => {
    const x = floats(rows * heads * size);
    const angles = floats((rows * size) / 2);
    const [cos, sin] = [angles.map(Math.cos), angles.map(Math.sin)];
    const [actual, expected] = [garbage(x.length), garbage(x.length)];
    simd.rotate(x, actual, cos, sin, heads, size, direction);
    plain.rotate(x, expected, cos, sin, heads, size, direction);
    expect(distance(actual, expected), about("out")).toBeLessThan(2e-7);
    simd.rotate(x, x, cos, sin, heads, size, direction);
    expect(x, about("in place")).toEqual(actual);
  });

  it.each([0, 1, 3, 16, 77, 65536, 65539, 200_001])("dropout mask of %i elements", (length) => {
    const key = threefry2x32([SEED, 1], [length, 0]);
    for (const rate of [0, 0.1, 0.5, 0.99999]) {
      const [actual, expected] = [garbage(length), garbage(length)];
      simd.dropoutMask(actual, key, rate);
      plain.dropoutMask(expected, key, rate);
      expect(sameBits(actual, expected), about(`same bits at rate ${rate}`)).toBe(true);
    }
  });

  it.each([
    [5, 7, 1],
    [1, 1, 1],
    [3, 1024, 30],
    [4, 5003, 5],
    [0, 9, 1],
  ])("cross-entropy of %i rows, vocabulary %i, logits times %i", (rows, vocabularySize, scale) => {
    const logits = floats(rows * vocabularySize).map((x) => x * scale);
    const targets = Int32Array.from({ length: rows }, () => integer(vocabularySize));
    const factors = floats(rows);
    const [losses, probabilities, gradient] = [rows, logits.length, logits.length].map(garbage);
    const [expectedLosses, expectedProbabilities, expectedGradient] = [
      rows,
      logits.length,
      logits.length,
    ].map(garbage);
    simd.softmaxCrossEntropy(logits, targets, losses, probabilities, vocabularySize);
    plain.softmaxCrossEntropy(logits, targets, expectedLosses, expectedProbabilities, vocabularySize);
    expect(distance(losses, expectedLosses), about("losses")).toBeLessThan(1e-6);
    expect(distance(probabilities, expectedProbabilities), about("probabilities")).toBeLessThan(1e-6);
    simd.softmaxCrossEntropyGradient(expectedProbabilities, targets, factors, gradient, vocabularySize);
    plain.softmaxCrossEntropyGradient(
      expectedProbabilities,
      targets,
      factors,
      expectedGradient,
      vocabularySize,
    );
    expect(distance(gradient, expectedGradient), about("gradient")).toBeLessThan(1e-6);
  });

  it("cross-entropy leaves out logits of −∞ and carries NaN on", () => {
    const losses = garbage(2);
    const probabilities = garbage(6);
    const logits = Float32Array.of(0, -Infinity, 0, 1, NaN, 0);
    simd.softmaxCrossEntropy(logits, Int32Array.of(0, 0), losses, probabilities, 3);
    expect([...probabilities.slice(0, 3)]).toEqual([0.5, 0, 0.5]);
    expect(losses[0]).toBeCloseTo(Math.log(2), 6);
    expect(losses[1]).toBeNaN();
  });
});

describe("hostKernels", () => {
  it("takes SIMD when it is there", () => {
    expect(hostKernels()).toMatchObject({ name: "simd", reason: null });
    expect(hostKernels()).toBe(hostKernels());
  });

  it("falls back to the plain kernels and says why", () => {
    const missing = load(pathToFileURL("no-such-folder/simd.wasm"));
    const { name, reason } = kernelsOf(missing);
    expect(name).toBe("plain");
    expect(sayPhrase(reason!)).toMatch(/^the SIMD kernels cannot be loaded: .*simd\.wasm: no such file$/);
    expect(sayPhrase(kernelsOf(load(new URL(import.meta.url))).reason!)).toMatch(
      /SIMD kernels cannot be loaded/,
    );
  });
});
