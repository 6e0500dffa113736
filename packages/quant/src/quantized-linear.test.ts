import { loadNativeKernels } from "@lathe/kernels";
import { fromTfjs, installedBinding, startEngine, valueAndGradients } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { dequantize } from "./dequantize.js";
import { packedFormatNames } from "./packed-formats.js";
import { packedBytes } from "./packed-matrix.js";
import { quantize } from "./quantize.js";
import { QuantizedLinear, quantizedLinear } from "./quantized-linear.js";
import { centralDifferences } from "../../tensor/testing/central-differences.js";
import { productTransposed, seededNormals } from "./testing.js";

/** N rows, I inputs, O outputs, and how many weights may be widened at one time. */
const sizes: readonly (readonly [n: number, i: number, o: number, widenedWeights: number])[] = [
  [1, 1, 1, 1],
  [1, 37, 41, 1 << 20],
  [5, 13, 1, 1 << 20],
  [3, 1, 19, 4],
  [7, 31, 53, 31 * 10], // blocks of 10 rows, the last of 3
  [2, 17, 33, 1], // less than a row: one row at a time
  [4, 64, 32, 64 * 16], // blocks that come out even
  [3, 130, 9, 130 * 2], // more than two blocks of nf4 in a row, the last of 2 weights
];

const native = loadNativeKernels();
const hasTensorFlow = !("reason" in installedBinding());
const engines = [
  "kernels" in native ? "native" : null,
  "cpu",
  "wasm",
  hasTensorFlow ? "tensorflow" : null,
].filter((name) => name !== null);

describe.each(engines)("on engine %s", (engine) => {
  beforeAll(async () => {
    await startEngine(engine, "fp32");
  });

  describe.each(packedFormatNames)("%s", (format) => {
    it.each(sizes)(
      "N=%i I=%i O=%i, %i weights widened: products within float32 rounding",
      (n, i, o, widened) => {
        const normals = seededNormals(n * 1000 + i * 10 + o);
        const matrix = quantize(normals(o * i, 0.05), [o, i], format);
        const xValues = normals(n * i);
        const biasValues = normals(o);
        const upstreamValues = normals(n * o);
        const unpacked = dequantize(matrix);
        const before = tf.memory();

        const x = tf.tensor2d(xValues, [n, i]);
        const bias = tf.tensor1d(biasValues);
        const upstream = tf.tensor2d(upstreamValues, [n, o]);
        const y = quantizedLinear(x, matrix, bias, widened);
        expect(y.shape).toEqual([n, o]);
        const expected = productTransposed(xValues, unpacked, [n, i, o]);
        const magnitudes = productTransposed(xValues.map(Math.abs), unpacked.map(Math.abs), [n, i, o]);
        const got = y.dataSync();
        // Any order of I products and sums in float32 stays within (I + 3) roundings of 2^-24 of the sum of magnitudes.
        for (let k = 0; k < n * o; k++) {
          const bound = (i + 3) * 2 ** -24 * (magnitudes[k] + Math.abs(biasValues[k % o])) + 1e-30;
          expect(Math.abs(got[k] - (expected[k] + biasValues[k % o]))).toBeLessThanOrEqual(bound);
        }

        const { value, gradients } = valueAndGradients(
          () => tf.tidy(() => sumOf(quantizedLinear(x, matrix, bias, widened), upstream)),
          [x],
        );
        const transposed = new Float32Array(i * o);
        for (let row = 0; row < o; row++)
          for (let c = 0; c < i; c++) transposed[c * o + row] = unpacked[row * i + c];
        const expectedGradient = productTransposed(upstreamValues, transposed, [n, o, i]);
        const bounds = productTransposed(upstreamValues.map(Math.abs), transposed.map(Math.abs), [n, o, i]);
        const gotGradient = gradients[0]!.dataSync();
        for (let k = 0; k < n * i; k++) {
          expect(Math.abs(gotGradient[k] - expectedGradient[k])).toBeLessThanOrEqual(
            (o + 3) * 2 ** -24 * bounds[k],
          );
        }
        tf.dispose([x, bias, upstream, y, value, gradients[0]!]);
        expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
      },
    );

    it("has the gradient that central differences show, and none for its bias", () => {
      const normals = seededNormals(11);
      const linear = new QuantizedLinear(quantize(normals(5 * 3), [5, 3], format), normals(5));
      const x = tf.tensor2d(normals(6), [2, 3]);
      const loss = (input: tf.Tensor2D): tf.Scalar => squaresOf(linear.forward(input));
      const before = tf.memory().numTensors;
      const { value, gradients } = valueAndGradients(() => tf.tidy(() => loss(x)), [x]);
      const differences = centralDifferences(loss, x);
      gradients[0]!.dataSync().forEach((got, k) => expect(Math.abs(got - differences[k])).toBeLessThan(2e-2));
      tf.dispose([value, gradients[0]!]);
      expect(tf.memory().numTensors).toBe(before);
      x.dispose();
      linear.dispose();
    });

    it("strays from the dense product by no more than its rounding allows", () => {
      const normals = seededNormals(3);
      const [n, i, o] = [4, 96, 24];
      const weight = normals(o * i, 0.02);
      const matrix = quantize(weight, [o, i], format);
      const xValues = normals(n * i);
      const x = tf.tensor2d(xValues, [n, i]);
      const y = quantizedLinear(x, matrix);
      const dense = productTransposed(xValues, weight, [n, i, o]);
      const largest = Math.max(...weight.map(Math.abs));
      const step = (row: number, w: number): number => {
        if (format === "int8") return matrix.scales![row] / 2;
        // Half the widest gap between two values of nf4; no weight is beyond the largest.
        if (format === "nf4") return 0.16 * largest;
        return (format === "fp16" ? 2 ** -11 : 2 ** -8) * Math.abs(w) + 2 ** -25;
      };
      const got = y.dataSync();
      for (let k = 0; k < n * o; k++) {
        let bound = 0;
        for (let c = 0; c < i; c++) {
          const w = weight[(k % o) * i + c];
          bound +=
            Math.abs(xValues[Math.floor(k / o) * i + c]) *
            (step(k % o, w) + (i + 3) * 2 ** -24 * Math.abs(w));
        }
        expect(Math.abs(got[k] - dense[k])).toBeLessThanOrEqual(bound);
      }
      tf.dispose([x, y]);
    });

    it("tells its dense weight, bias and bytes, and frees what it owns once", () => {
      const normals = seededNormals(2);
      const matrix = quantize(normals(6), [2, 3], format);
      const before = tf.memory();
      const linear = new QuantizedLinear(matrix, Float32Array.of(1, -2));
      expect(linear.shape).toEqual([2, 3]);
      expect(linear.denseWeight()).toEqual(dequantize(matrix));
      expect(linear.denseBias()).toEqual(Float32Array.of(1, -2));
      expect(linear.byteLength).toBe(packedBytes(matrix) + 8);
      linear.dispose();
      linear.dispose();
      expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
      expect(() => linear.denseWeight()).toThrow("expected a linear in use, got a disposed one");
      const unbiased = new QuantizedLinear(matrix);
      expect(unbiased.denseBias()).toBeNull();
      expect(unbiased.byteLength).toBe(packedBytes(matrix));
      unbiased.dispose();
    });
  });

  it("refuses inputs and parts that do not fit", () => {
    const matrix = quantize(new Float32Array(6), [2, 3], "int8");
    const wide = tf.zeros([1, 4]) as unknown as tf.Tensor2D;
    const linear = new QuantizedLinear(matrix);
    expect(() => linear.forward(wide)).toThrow("quantizedLinear: expected x [N, 3], got [1, 4]");
    const bias = tf.zeros([3]) as unknown as tf.Tensor1D;
    const x = tf.zeros([1, 3]) as unknown as tf.Tensor2D;
    expect(() => quantizedLinear(x, matrix, bias)).toThrow("quantizedLinear: expected bias [2], got [3]");
    expect(() => new QuantizedLinear(matrix, new Float32Array(3))).toThrow("expected a bias of 2, got 3");
    expect(() => new QuantizedLinear({ ...matrix, shape: [3, 3] })).toThrow("expected 9 codes");
    expect(() => new QuantizedLinear({ ...matrix, scales: null })).toThrow(
      "expected 2 scales for shape [2, 3], got 0",
    );
    expect(() => new QuantizedLinear({ ...matrix, format: "bf16", scales: null })).toThrow(
      "codes of 2 bytes",
    );
    tf.dispose([wide, bias, x]);
  });
});

function sumOf(y: tf.Tensor2D, weights: tf.Tensor2D): tf.Scalar {
  return fromTfjs((plain) => tf.sum<tf.Scalar>(tf.mul(plain, weights)))(y);
}

function squaresOf(y: tf.Tensor2D): tf.Scalar {
  return fromTfjs((plain) => tf.sum<tf.Scalar>(tf.square(plain)))(y);
}
