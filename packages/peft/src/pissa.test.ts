/** The start from principal components: its factors, that it changes nothing, and how it is stored. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attach, detach } from "./attach.js";
import { loadAdapter, restoreAdapter } from "./load-adapter.js";
import { merge, unmerge } from "./merge.js";
import { principalFactors } from "./principal-factors.js";
import { saveAdapter } from "./save-adapter.js";
import { largestDifference, loadFixture, logitsOf } from "./testing.js";
import { seededFloats } from "../../tensor/testing/seeded-floats.js";
import { trainableParameters } from "./trainable-parameters.js";

const SEED = Number(process.env["TEST_SEED"] ?? 2404);
const ids = [5, 9, 5, 77, 9, 5, 140, 3];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-pissa-"));
  await startEngine("auto", "fp32");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** C = X Y of [n, k] and [k, m]. */
function times(x: ArrayLike<number>, y: ArrayLike<number>, n: number, k: number, m: number): Float64Array {
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < k; j++) for (let l = 0; l < m; l++) out[i * m + l] += x[i * k + j] * y[j * m + l];
  }
  return out;
}

/** Rows that are orthonormal, by Gram and Schmidt. */
function orthonormalRows(rows: number, width: number, floats: (length: number) => Float32Array): number[][] {
  const made: number[][] = [];
  while (made.length < rows) {
    const row = [...floats(width)];
    for (const other of [...made, ...made]) {
      const along = row.reduce((sum, value, i) => sum + value * other[i], 0);
      other.forEach((value, i) => (row[i] -= along * value));
    }
    const length = Math.hypot(...row);
    made.push(row.map((value) => value / length));
  }
  return made;
}

describe(`principalFactors (seed ${SEED})`, () => {
  it.each([
    [12, 30, 4],
    [30, 12, 4],
    [20, 20, 20],
  ])("of [%i, %i] in rank %i are those of the largest singular values", (O, I, rank) => {
    const floats = seededFloats(SEED);
    const count = Math.min(O, I);
    const [left, right] = [orthonormalRows(count, O, floats), orthonormalRows(count, I, floats)];
    const singular = Array.from({ length: count }, (_, k) => 3 * 0.8 ** k);
    const sum = (upTo: number): Float64Array => {
      const out = new Float64Array(O * I);
      for (let k = 0; k < upTo; k++) {
        for (let o = 0; o < O; o++) {
          for (let i = 0; i < I; i++) out[o * I + i] += singular[k] * left[k][o] * right[k][i];
        }
      }
      return out;
    };
    const { a, b } = principalFactors(Float32Array.from(sum(count)), [O, I], rank, SEED, "w");
    expect(largestDifference(times(b, a, O, rank, I), sum(rank))).toBeLessThan(1e-5);
    // Both factors have the root of the singular values.
    for (let r = 0; r < Math.min(rank, 4); r++) {
      const ofA = Math.hypot(...a.subarray(r * I, (r + 1) * I));
      const ofB = Math.hypot(...Array.from({ length: O }, (_, o) => b[o * rank + r]));
      expect(ofA / Math.sqrt(singular[r])).toBeCloseTo(1, 3);
      expect(ofB / Math.sqrt(singular[r])).toBeCloseTo(1, 3);
    }
  });

  it.each([
    [40, 96, 6],
    [96, 40, 6],
  ])("of [%i, %i] in rank %i are exact where the values next to them are hardly smaller", (O, I, rank) => {
    const floats = seededFloats(SEED);
    const count = Math.min(O, I);
    const [left, right] = [orthonormalRows(count, O, floats), orthonormalRows(count, I, floats)];
    const singular = Array.from({ length: count }, (_, k) => 2 * 0.98 ** k);
    const weight = Float32Array.from({ length: O * I }, (_, at) => {
      const [o, i] = [Math.floor(at / I), at % I];
      return singular.reduce((sum, value, k) => sum + value * left[k][o] * right[k][i], 0);
    });
    const { a, b } = principalFactors(weight, [O, I], rank, SEED, "w");
    for (let r = 0; r < rank; r++) {
      // Up to its sign a row of A is √σ v, and a column of B √σ u.
      const rowA = a.subarray(r * I, (r + 1) * I);
      const columnB = Float32Array.from({ length: O }, (_, o) => b[o * rank + r]);
      const root = Math.sqrt(singular[r]);
      const sign = Math.sign(rowA.reduce((sum, value, i) => sum + value * right[r][i], 0));
      expect(
        largestDifference(
          rowA,
          right[r].map((value) => sign * root * value),
        ),
      ).toBeLessThan(1e-4);
      expect(
        largestDifference(
          columnB,
          left[r].map((value) => sign * root * value),
        ),
      ).toBeLessThan(1e-4);
    }
  });

  it("of a matrix of zeros, and of one of a lower rank, are finite", () => {
    const { a, b } = principalFactors(new Float32Array(12), [3, 4], 2, SEED, "w");
    expect([...a, ...b].every((value) => value === 0)).toBe(true);
    const one = Float32Array.from({ length: 12 }, (_, i) => (Math.floor(i / 4) + 1) * ((i % 4) - 1.5));
    const factors = principalFactors(one, [3, 4], 3, SEED, "w");
    expect(largestDifference(times(factors.b, factors.a, 3, 3, 4), one)).toBeLessThan(1e-4);
  });
});

describe("attach with pissa", () => {
  it.each([{}, { useRslora: true }, { rankPattern: { v_proj: 2 }, alphaPattern: { v_proj: 3 } }])(
    "%j: begins as the base exactly, and comes back from its folder as a plain adapter of twice the rank",
    async (more) => {
      const before = tf.memory().numTensors;
      const model = await loadFixture("qwen2");
      const plain = logitsOf(model, ids);
      attach(model, { init: "pissa", rank: 4, alpha: 8, dropout: 0, ...more });
      expect(logitsOf(model, ids)).toEqual(plain);
      const floats = seededFloats(SEED);
      for (const { variable } of trainableParameters(model)) {
        tf.tidy(() => {
          const noise = tf.tensor(floats(variable.size), variable.shape);
          variable.assign(tf.add(variable, tf.mul(noise, 0.05)));
        });
      }
      const trained = logitsOf(model, ids);
      expect(largestDifference(trained, plain)).toBeGreaterThan(1e-2);
      merge(model);
      expect(largestDifference(logitsOf(model, ids), trained)).toBeLessThan(1e-4);
      unmerge(model);
      expect(logitsOf(model, ids)).toEqual(trained);

      const adapter = join(folder, JSON.stringify(more).replaceAll(/\W/g, "-"));
      await saveAdapter(model, adapter);
      const config = JSON.parse(await readFile(join(adapter, "adapter_config.json"), "utf8")) as object;
      expect(config).toMatchObject({ r: 8, init_lora_weights: true });
      for (const { variable } of trainableParameters(model)) {
        tf.tidy(() => variable.assign(tf.zerosLike(variable)));
      }
      await restoreAdapter(model, adapter);
      expect(logitsOf(model, ids)).toEqual(trained);
      detach(model);
      expect(logitsOf(model, ids)).toEqual(plain);
      await loadAdapter(model, adapter);
      expect(largestDifference(logitsOf(model, ids), trained)).toBeLessThan(1e-4);
      model.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it("takes the components that hold most of the weight, and what is left is orthogonal to them", async () => {
    const model = await loadFixture("qwen2");
    const [place] = model.linears();
    const weight = place.linear.denseWeight();
    attach(model, { init: "pissa", rank: 32, alpha: 32, dropout: 0, targets: ["q_proj"] });
    const [a, b] = trainableParameters(model).map(({ variable }) => variable.dataSync<"float32">());
    const [O, I] = place.shape;
    const energy = (values: ArrayLike<number>): number =>
      Array.from(values).reduce((sum, value) => sum + value * value, 0);
    const update = times(b, a, O, 32, I);
    expect(energy(update) / energy(weight)).toBeGreaterThan(0.6);
    // What is left is orthogonal to it: the energies add up.
    const rest = weight.map((value, i) => value - update[i]);
    expect((energy(rest) + energy(update)) / energy(weight)).toBeCloseTo(1, 3);
    model.dispose();
  });

  it("is not for DoRA", async () => {
    const model = await loadFixture("qwen2");
    expect(() => attach(model, { init: "pissa", useDora: true })).toThrow('key "init": expected kaiming');
    model.dispose();
  });
});
