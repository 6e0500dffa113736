import { describe, expect, it } from "vitest";
import { crossEntropyRows } from "./cross-entropy-rows.js";
import { HEAD_BLOCK, headLosses } from "./head-losses.js";
import { gemm } from "./gemm.js";
import type { KeptActivation, NativeKernels, ProductPrecision } from "./native-kernels.js";
import { expectWithin, nativeLevels, nativeMissing, Random } from "./testing.js";
import type { ElementFormat } from "./weight-matrix.js";
import { widenWeights } from "./widen-weights.js";

const missing = nativeMissing();
if (missing !== null) it.skip(`native kernels are not there: ${missing}`, () => {});

const FORMATS: readonly ElementFormat[] = ["fp32", "bf16", "fp16", "int8", "nf4", "fp8"];

/** Workspaces for N rows: whole and in parts, in both types. */
function* workspaces(rows: number, vocabulary: number): Generator<KeptActivation> {
  for (const columns of [vocabulary, HEAD_BLOCK, 2 * HEAD_BLOCK]) {
    yield new Float32Array(rows * columns);
    yield new Uint16Array(rows * columns);
  }
}

/** Losses and gradient from the logits that `linear` of the same level gives, for rows that it rounds too. */
function check(
  kernels: NativeKernels,
  random: Random,
  [rows, width, vocabulary]: readonly [number, number, number],
  format: ElementFormat,
  precision: ProductPrecision,
): void {
  const what = `[${rows}, ${width}] × [${vocabulary}, ${width}]ᵀ ${format} ${precision}, seed ${random.seed}`;
  const padded = Math.max(rows, 9); // up to 8 rows `linear` does not round activations
  const hidden = random.normals(padded * width, 0.5 / Math.sqrt(width));
  const weight = random.weights(format, [vocabulary, width]);
  const bias = random.pick([null, random.normals(vocabulary)]);
  const targets = random.ids(rows, vocabulary);
  const logits = new Float32Array(padded * vocabulary);
  kernels.linear(hidden, weight, bias, logits, { precision });
  const ofRows = logits.subarray(0, rows * vocabulary);
  const losses = new Float32Array(rows);
  const gradient = new Float32Array(rows * vocabulary);
  crossEntropyRows(ofRows, targets, losses, gradient, 1);
  const shape = { m: rows, n: width, k: vocabulary };
  const [dHidden, magnitudes] = [new Float32Array(rows * width), new Float32Array(rows * width)];
  gemm(gradient, widenWeights(weight), dHidden, shape);
  gemm(gradient.map(Math.abs), widenWeights(weight).map(Math.abs), magnitudes, shape);

  const x = hidden.subarray(0, rows * width);
  for (const workspace of workspaces(rows, vocabulary)) {
    const where = `${what}, ${workspace.constructor.name} of ${workspace.length / rows} columns`;
    const [actual, actualGradient] = [new Float32Array(rows), new Float32Array(rows * width)];
    kernels.headLosses(x, weight, bias, targets, actual, actualGradient, workspace, { precision });
    // 8 bits set other rows' outliers aside where fewer rows are looked at.
    const sameLogits = precision !== "int8" || rows === padded;
    expectWithin(
      actual,
      losses,
      losses.map((loss) => (sameLogits ? 2e-5 : 0.05) * (1 + loss)),
      `losses ${where}`,
    );
    const rounded = workspace instanceof Uint16Array ? 2 ** -7 : 1e-5;
    const byPrecision = { fp32: 0, bf16: 2 ** -6, int8: 0.15 }[precision];
    const bounds = magnitudes.map((sum) => sum * (rounded + byPrecision) + 1e-5);
    expectWithin(actualGradient, dHidden, bounds, `gradient ${where}`);
  }
  const alone = new Float32Array(rows);
  kernels.headLosses(x, weight, bias, targets, alone, null, null, { precision });
  const [withGradient, scratch] = [new Float32Array(rows), new Float32Array(rows * width)];
  kernels.headLosses(x, weight, bias, targets, withGradient, scratch, new Uint16Array(rows * vocabulary), {
    precision,
  });
  expect(alone).toEqual(withGradient);
}

describe.skipIf(missing !== null).each(nativeLevels().map((kernels) => [kernels.level, kernels] as const))(
  "output head with its loss, %s",
  (_level, kernels) => {
    it.each(FORMATS)("%s weights: as product and cross-entropy apart", (format) => {
      for (const [seed, shape] of (
        [
          [1, 3, 1],
          [2, 16, 2],
          [5, 33, 63],
          [7, 64, 300],
          [40, 40, 700],
        ] as const
      ).entries()) {
        for (const precision of ["fp32", "bf16", "int8"] as const)
          check(kernels, new Random(seed), shape, format, precision);
      }
    });

    it("so many rows that several jobs share them", () => {
      for (const type of ["fp32", "bf16"] as const) {
        check(kernels, new Random(13), [1200, 40, 300], type, type);
      }
    });

    it("more rows and columns than one job takes", () => {
      check(kernels, new Random(11), [210, 70, 2100], "bf16", "bf16");
    });

    it("agrees with the reference", () => {
      const random = new Random(12);
      const [rows, width, vocabulary] = [9, 20, 270];
      const hidden = random.normals(rows * width);
      const weight = random.weights("fp32", [vocabulary, width]);
      const targets = random.ids(rows, vocabulary);
      const [losses, expected] = [new Float32Array(rows), new Float32Array(rows)];
      const [dHidden, dExpected] = [new Float32Array(rows * width), new Float32Array(rows * width)];
      kernels.headLosses(hidden, weight, null, targets, losses, dHidden, new Float32Array(rows * HEAD_BLOCK));
      headLosses(hidden, weight, null, targets, expected, dExpected);
      expectWithin(losses, expected, 1e-4);
      expectWithin(dHidden, dExpected, 1e-4);
    });

    it("logits far apart, infinite or not a number, in their row and no other", () => {
      const [rows, vocabulary] = [8, 600];
      // Logits are column 0 of the weight times the row's only number, and the bias.
      const hidden = Float32Array.of(1, 1e4, -1e4, NaN, Infinity, 0, 2, 3);
      const codes = Float32Array.from({ length: vocabulary }, (_, i) => Math.sin(i));
      codes[599] = 2;
      const weight = { format: "fp32", shape: [vocabulary, 1], codes, scales: null } as const;
      const bias = new Float32Array(vocabulary).fill(-Infinity, 256, 512);
      const targets = new Int32Array(rows).fill(599);
      for (const columns of [vocabulary, HEAD_BLOCK]) {
        const [losses, dHidden] = [new Float32Array(rows), new Float32Array(rows)];
        kernels.headLosses(hidden, weight, bias, targets, losses, dHidden, new Float32Array(rows * columns));
        const finite = [...losses].map(Number.isFinite);
        expect(finite, `${columns} columns`).toEqual([true, true, true, false, false, true, true, true]);
        expect([...dHidden].map(Number.isFinite)).toEqual(finite);
        const allowed = codes.filter((_, i) => i < 256 || i >= 512);
        for (const row of [0, 5, 6, 7]) {
          const logSum = Math.log(allowed.reduce((sum, code) => sum + Math.exp(hidden[row] * code), 0));
          expect(losses[row]).toBeCloseTo(logSum - 2 * hidden[row], 4);
        }
        expect(losses[1]).toBeCloseTo(0, 4);
        expect(losses[2] / 3e4).toBeCloseTo(1, 3);
      }
    });

    it("the same bits for any number of threads", () => {
      const random = new Random(13);
      const [rows, width, vocabulary] = [130, 96, 1500];
      const hidden = random.normals(rows * width, 0.1);
      const weight = random.weights("bf16", [vocabulary, width]);
      const targets = random.ids(rows, vocabulary);
      const initial = kernels.threads();
      try {
        for (const columns of [vocabulary, HEAD_BLOCK]) {
          const results = [1, 2, 5].map((threads) => {
            kernels.setThreads(threads);
            const [losses, dHidden] = [new Float32Array(rows), new Float32Array(rows * width)];
            const workspace = new Uint16Array(rows * columns);
            kernels.headLosses(hidden, weight, null, targets, losses, dHidden, workspace, {
              precision: "bf16",
            });
            return [losses, dHidden].map(({ buffer }) => Buffer.from(buffer));
          });
          for (const [losses, dHidden] of results.slice(1)) {
            expect(losses.equals(results[0][0])).toBe(true);
            expect(dHidden.equals(results[0][1])).toBe(true);
          }
        }
      } finally {
        kernels.setThreads(initial);
      }
    });
  },
);
