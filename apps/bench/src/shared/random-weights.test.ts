import { dequantize, matrixFormats, packedBytes, QuantizedLinear } from "@lathe/quant";
import { describe, expect, it } from "vitest";
import { randomFloats, randomMatrix, randomPicks } from "./random-weights.js";

const deviation = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

describe("randomPicks", () => {
  it("is the same for a stream and differs between streams", () => {
    const source = Float32Array.from({ length: 256 }, (_, i) => i);
    const picks = randomPicks(source, 1000, 3);
    expect(randomPicks(source, 1000, 3)).toEqual(picks);
    expect(randomPicks(source, 1000, 4)).not.toEqual(picks);
    expect(new Set(picks).size).toBeGreaterThan(200);
  });
});

describe.each(Object.values(matrixFormats).map(({ name }) => name))("randomMatrix, %s", (format) => {
  // 896 inputs and odd sizes: scales of blocks must come out right where a row ends within one.
  it.each([
    [5, 896],
    [37, 64],
    [3, 100],
  ])("is a sound matrix of normal weights, %i × %i", (rows, columns) => {
    const matrix = randomMatrix(format, [rows, columns], 1);
    const linear = new QuantizedLinear(matrix);
    expect(linear.byteLength).toBe(packedBytes(matrix));
    const weights = dequantize(matrix);
    expect(weights).toHaveLength(rows * columns);
    // Four standard errors of a sample of 300 or more.
    expect(Math.abs(deviation(weights) / 0.02 - 1)).toBeLessThan(4 / Math.sqrt(2 * 300));
    linear.dispose();
  });
});

describe("randomFloats", () => {
  it("has the deviation of fresh weights and no bias", () => {
    const values = randomFloats(100_000, 1);
    expect(Math.abs(deviation(values) / 0.02 - 1)).toBeLessThan(0.02);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan((4 * 0.02) / Math.sqrt(values.length));
  });
});
