import { openSafetensors, type SafetensorsFile } from "@lathe/model";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pruneMask } from "./prune-mask.js";
import { checkedScores, magnitudeScores, wandaScores } from "./scores.js";
import { type Sparsity, sparsityRule } from "./sparsity.js";
import type { ZeroMask } from "@lathe/kernels";

const fixtures = fileURLToPath(new URL("../../fixtures/prune/", import.meta.url));

interface Expected {
  readonly layers: Record<
    string,
    { readonly shape: [number, number]; readonly relative_error: Record<string, number> }
  >;
}

let arrays: SafetensorsFile;
let expected: Expected;
beforeAll(async () => {
  arrays = await openSafetensors(`${fixtures}arrays.safetensors`);
  expected = JSON.parse(await readFile(`${fixtures}expected.json`, "utf8")) as Expected;
});
afterAll(() => arrays.close());

const bitsOf = (mask: ZeroMask): number[] =>
  Array.from({ length: mask.shape[0] * mask.shape[1] }, (_, i) => (mask.has(i) ? 1 : 0));

function squaresOf(activations: Float32Array, inFeatures: number): Float64Array {
  const squares = new Float64Array(inFeatures);
  activations.forEach((value, i) => (squares[i % inFeatures] += value ** 2));
  return squares;
}

/** x [N, I] times a weight [O, I], in float64. */
function product(
  x: Float32Array,
  weight: Float32Array,
  [outFeatures, inFeatures]: [number, number],
): number[] {
  const y: number[] = [];
  for (let row = 0; row < x.length / inFeatures; row++) {
    for (let o = 0; o < outFeatures; o++) {
      let sum = 0;
      for (let i = 0; i < inFeatures; i++) sum += x[row * inFeatures + i] * weight[o * inFeatures + i];
      y.push(sum);
    }
  }
  return y;
}

const norm = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));

describe.each(["a", "b"])("the recorded masks of linear %s", (name) => {
  it.each<[key: string, method: "magnitude" | "wanda", Sparsity, compared: "matrix" | "row"]>([
    ["magnitude_0.5_layer", "magnitude", 0.5, "matrix"],
    ["magnitude_0.5_row", "magnitude", 0.5, "row"],
    ["magnitude_2:4", "magnitude", "2:4", "matrix"],
    ["magnitude_4:8", "magnitude", "4:8", "matrix"],
    ["wanda_0.5", "wanda", 0.5, "row"],
    ["wanda_2:4", "wanda", "2:4", "row"],
    ["wanda_4:8", "wanda", "4:8", "row"],
  ])("%s", async (key, method, sparsity, compared) => {
    const { shape, relative_error: errors } = expected.layers[name];
    const weight = await arrays.readFloat32(`${name}.weight`);
    const activations = await arrays.readFloat32(`${name}.activations`);
    const scores =
      method === "magnitude"
        ? magnitudeScores(weight)
        : wandaScores(weight, squaresOf(activations, shape[1]));
    const mask = pruneMask(scores, shape, sparsityRule(sparsity), compared);
    const { bytes } = await arrays.readRaw(`${name}.pruned.${key}`);
    expect(bitsOf(mask)).toEqual([...bytes]);
    expect(mask.count()).toBe(bytes.reduce((sum, bit) => sum + bit, 0));

    const pruned = weight.slice();
    mask.apply(pruned);
    const whole = product(activations, weight, shape);
    const difference = product(activations, pruned, shape).map((value, i) => value - whole[i]);
    expect(norm(difference) / norm(whole)).toBeCloseTo(errors[key], 7);
  });
});

describe("which weights go", () => {
  const scores = Float32Array.of(3, 1, 1, 1, 0, 2, 1, 5);

  it("of equal scores the first, as many as the share says", () => {
    for (const [share, zeros] of [
      [0.125, [4]],
      [0.25, [1, 4]],
      [0.4, [1, 2, 4]],
      [0.5, [1, 2, 3, 4]],
      [0.99, [0, 1, 2, 3, 4, 5, 6]],
    ] as const) {
      const mask = pruneMask(scores, [1, 8], { kind: "share", share }, "row");
      expect(bitsOf(mask).flatMap((bit, i) => (bit ? [i] : []))).toEqual(zeros);
    }
  });

  it("a share so small that it is no weight takes none; a matrix without inputs has none", () => {
    expect(pruneMask(scores, [2, 4], { kind: "share", share: 0.2 }, "row").count()).toBe(0);
    expect(pruneMask(new Float32Array(), [3, 0], { kind: "share", share: 0.5 }, "row").count()).toBe(0);
    expect(pruneMask(new Float32Array(), [0, 3], { kind: "share", share: 0.5 }, "matrix").count()).toBe(0);
  });

  it("every group of every row has as many zeros as the pattern says", () => {
    const seed = 20261128;
    let state = seed;
    const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
    for (const [kept, size] of [
      [1, 2],
      [2, 4],
      [1, 4],
      [4, 8],
      [7, 8],
    ]) {
      const values = Float32Array.from({ length: 5 * 24 }, random);
      const mask = pruneMask(values, [5, 24], { kind: "pattern", kept, size }, "matrix");
      for (let group = 0; group < (5 * 24) / size; group++) {
        const [gone, stay]: [number[], number[]] = [[], []];
        for (let i = group * size; i < (group + 1) * size; i++) (mask.has(i) ? gone : stay).push(values[i]);
        expect(gone.length, `seed ${seed}`).toBe(size - kept);
        expect(Math.max(...gone)).toBeLessThanOrEqual(Math.min(...stay));
      }
    }
  });

  it("groups that do not divide the inputs are refused", () => {
    expect(() => pruneMask(scores, [2, 4], { kind: "pattern", kept: 4, size: 8 }, "row")).toThrow(
      "sparsity: expected groups of a size that divides 4 inputs, got 4:8; choose another pattern",
    );
  });

  it("a score that is no number names the tensor and the element", () => {
    expect(() => checkedScores("w", Float32Array.of(1, Number.NaN))).toThrow(
      'tensor "w": expected finite weights and inputs, got NaN for element 1',
    );
  });
});

it.each([0, 1, -0.5, Number.NaN, "4:4", "0:4", "5:4", "2:1000", "2 : 4", "half"] as Sparsity[])(
  "the sparsity %s is refused",
  (sparsity) => {
    expect(() => sparsityRule(sparsity)).toThrow(
      `sparsity: expected a share above 0 and below 1, or a pattern such as 2:4 or 4:8, got ${sparsity}`,
    );
  },
);
