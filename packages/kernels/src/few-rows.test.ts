import { describe, expect, it } from "vitest";
import { nativeLevels, nativeMissing, Random } from "./testing.js";
import type { ElementFormat } from "./weight-matrix.js";

const missing = nativeMissing();
if (missing !== null) it.skip(`native kernels are not there: ${missing}`, () => {});

const FORMATS: readonly ElementFormat[] = ["fp32", "bf16", "fp16", "int8", "nf4", "fp8"];

describe.each(missing === null ? nativeLevels() : [])("$level", (kernels) => {
  it.each([...FORMATS.map((format) => [format, "bf16"] as const), ["int8", "int8"] as const])(
    "a row of a product with %s has the same bits alone and among up to eight, in %s",
    (format, precision) => {
      const random = new Random(71);
      for (const [outputs, inputs] of [
        [40, 192],
        [23, 77],
        [70, 1024],
        [11, 4867],
      ]) {
        const weight = random.weights(format, [outputs, inputs]);
        const x = random.normals(8 * inputs);
        const alone = new Float32Array(8 * outputs);
        for (let row = 0; row < 8; row++) {
          const y = alone.subarray(row * outputs, (row + 1) * outputs);
          kernels.linear(x.subarray(row * inputs, (row + 1) * inputs), weight, null, y, { precision });
        }
        for (let rows = 2; rows <= 8; rows++) {
          const y = new Float32Array(rows * outputs);
          kernels.linear(x.subarray(0, rows * inputs), weight, null, y, { precision });
          expect(y, `${rows} rows, [${outputs}, ${inputs}], seed ${random.seed}`).toEqual(
            alone.subarray(0, rows * outputs),
          );
        }
      }
    },
  );

  /** The largest error of rows of a product in int8, in units of what an element of a row is worth at the median, and the rows. */
  function errorsOf(
    x: Float32Array,
    rows: number,
    outputs: number,
    inputs: number,
    random: Random,
  ): number[] {
    const weight = random.weights("int8", [outputs, inputs]);
    const [y, exact] = [new Float32Array(rows * outputs), new Float64Array(rows * outputs)];
    kernels.linear(x, weight, null, y, { precision: "int8" });
    for (let row = 0; row < rows; row++) {
      for (let output = 0; output < outputs; output++) {
        let sum = 0;
        for (let i = 0; i < inputs; i++) sum += x[row * inputs + i] * weight.codes[output * inputs + i];
        exact[row * outputs + output] = sum * weight.scales![output];
      }
    }
    return Array.from({ length: rows }, (_, row) => {
      const own = exact.subarray(row * outputs, (row + 1) * outputs);
      const size = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0) / outputs);
      return Math.max(...own.map((value, i) => Math.abs(y[row * outputs + i] - value))) / size;
    });
  }

  it("few rows keep the digits that eight bits would lose", () => {
    const random = new Random(72);
    for (const [outputs, inputs] of [
      [5, 1],
      [13, 63],
      [9, 130],
      [40, 2049],
      [3, 20_000],
    ]) {
      for (const rows of [1, 2, 3, 5, 8]) {
        const x = random.normals(rows * inputs);
        const error = Math.max(...errorsOf(x, rows, outputs, inputs, random));
        expect(error, `${rows} rows, [${outputs}, ${inputs}], seed ${random.seed}`).toBeLessThan(4e-4);
      }
    }
  });

  it("few rows keep them beside massive elements, at either end of a row", () => {
    const random = new Random(73);
    const [rows, inputs, outputs] = [6, 4096, 10];
    const x = random.normals(rows * inputs);
    const plain = x.slice();
    x[0] = 3000;
    x[2 * inputs - 1] = -20_000;
    x[3 * inputs + 17] = x[3 * inputs + 18] = 1000;
    const weight = random.weights("int8", [outputs, inputs]);
    const [y, without] = [new Float32Array(rows * outputs), new Float32Array(rows * outputs)];
    kernels.linear(x, weight, null, y, { precision: "int8" });
    kernels.linear(plain, weight, null, without, { precision: "int8" });
    for (let row = 0; row < rows; row++) {
      for (let output = 0; output < outputs; output++) {
        let expected = without[row * outputs + output];
        for (let i = 0; i < inputs; i++) {
          const more = x[row * inputs + i] - plain[row * inputs + i];
          expected += more * weight.codes[output * inputs + i] * weight.scales![output];
        }
        // Of a row whose other elements were rounded to the largest of these, about a hundredth would be lost.
        expect(Math.abs(y[row * outputs + output] - expected)).toBeLessThan(0.02 + 1e-6 * Math.abs(expected));
      }
    }
  });

  it("a row that is not finite leaves the others as they are", () => {
    const random = new Random(74);
    const [rows, inputs, outputs] = [5, 100, 7];
    const weight = random.weights("int8", [outputs, inputs]);
    const x = random.normals(rows * inputs);
    const before = new Float32Array(rows * outputs);
    kernels.linear(x, weight, null, before, { precision: "int8" });
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const y = new Float32Array(rows * outputs);
      const broken = x.slice();
      broken[2 * inputs + 99] = wrong;
      kernels.linear(broken, weight, null, y, { precision: "int8" });
      expect(y.subarray(2 * outputs, 3 * outputs).some(Number.isFinite)).toBe(false);
      y.copyWithin(2 * outputs, outputs, 2 * outputs);
      before.copyWithin(2 * outputs, outputs, 2 * outputs);
      expect(y).toEqual(before);
    }
  });
});
