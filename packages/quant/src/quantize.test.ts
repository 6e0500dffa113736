import { isInputError } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { dequantize } from "./dequantize.js";
import { QuantizationError } from "./errors.js";
import { packedFormatNames } from "./packed-formats.js";
import { packedBytes } from "./packed-matrix.js";
import { quantize } from "./quantize.js";
import { seededNormals } from "./testing.js";

const shapes: readonly (readonly [number, number])[] = [
  [1, 1],
  [1, 257],
  [257, 1],
  [31, 13],
  [16, 16],
  [17, 64],
  [3, 131],
  [0, 5],
  [5, 0],
];
const deviations = [1e-41, 1e-20, 0.02, 1, 3000];

function* cases(): Generator<{ shape: readonly [number, number]; weight: Float32Array; label: string }> {
  for (const [seed, shape] of shapes.entries()) {
    for (const deviation of deviations) {
      const weight = seededNormals(seed)(shape[0] * shape[1], deviation);
      yield { shape, weight, label: `[${shape.join(", ")}], deviation ${deviation}, seed ${seed}` };
    }
  }
}

describe("int8", () => {
  it("stays within half a step of each row's scale, with the largest weight on the largest code", () => {
    for (const { shape, weight, label } of cases()) {
      const { codes, scales } = quantize(weight, shape, "int8");
      const unpacked = dequantize({ format: "int8", shape, codes, scales });
      for (let row = 0; row < shape[0]; row++) {
        const scale = scales![row];
        let largestCode = 0;
        for (let i = row * shape[1]; i < (row + 1) * shape[1]; i++) {
          expect(Math.abs(weight[i] - scale * codes[i]), label).toBeLessThanOrEqual(scale / 2);
          expect(unpacked[i], label).toBe(Math.fround(scale * codes[i]));
          largestCode = Math.max(largestCode, Math.abs(codes[i]));
        }
        // Below 2^-126 float32 has no scale fine enough to use all codes.
        if (shape[1] > 0 && scale >= 2 ** -126) expect(largestCode, label).toBe(127);
        expect(largestCode, label).toBeLessThanOrEqual(127);
      }
    }
  });

  it("has scale max |w| / 127 a row and rounds ties to even", () => {
    const weight = Float32Array.of(127, 0.5, 1.5, -0.5, -2.5, 254, 1, 3, -1, -5);
    const { codes, scales } = quantize(weight, [2, 5], "int8");
    expect([...scales!]).toEqual([1, 2]);
    expect([...codes]).toEqual([127, 0, 2, 0, -2, 127, 0, 2, 0, -2]);
  });

  it("gives a row of zeros zero codes and scale 1", () => {
    const { codes, scales } = quantize(Float32Array.of(0, -0, 0, 1, -2, 0), [2, 3], "int8");
    expect([...codes]).toEqual([0, 0, 0, 64, -127, 0]);
    expect([...scales!]).toEqual([1, Math.fround(2 / 127)]);
  });

  it("keeps the smallest and the largest float32", () => {
    const smallest = 2 ** -149;
    const largest = Math.fround((2 - 2 ** -23) * 2 ** 127);
    const weight = Float32Array.of(smallest, 190 * smallest, -largest, largest);
    const packed = quantize(weight, [2, 2], "int8");
    const unpacked = dequantize(packed);
    expect(packed.scales![0]).toBe(2 * smallest);
    expect([...unpacked.subarray(0, 2)]).toEqual([0, 190 * smallest]);
    expect([...packed.codes.subarray(2)]).toEqual([-127, 127]);
    expect(Math.abs(unpacked[3] / largest - 1)).toBeLessThan(2 ** -22);
  });
});

describe("fp16 and bf16", () => {
  it.each([
    { format: "fp16", normal: 2 ** -14, relative: 2 ** -11, absolute: 2 ** -25 },
    { format: "bf16", normal: 2 ** -126, relative: 2 ** -8, absolute: 2 ** -134 },
  ] as const)("$format stays within half a step", ({ format, normal, relative, absolute }) => {
    for (const { shape, weight, label } of cases()) {
      const unpacked = dequantize(quantize(weight, shape, format));
      weight.forEach((value, i) => {
        const magnitude = Math.abs(value);
        const bound = magnitude >= normal ? relative * magnitude : absolute;
        expect(Math.abs(value - unpacked[i]), label).toBeLessThanOrEqual(bound);
      });
    }
  });

  it.each([
    { format: "fp16", nonFinite: 0x7c00 },
    { format: "bf16", nonFinite: 0x7f80 },
  ] as const)("$format holds each of its own numbers bit for bit", ({ format, nonFinite }) => {
    const codes = Uint16Array.from({ length: 1 << 16 }, (_, pattern) => pattern).filter(
      (pattern) => (pattern & nonFinite) !== nonFinite,
    );
    const shape = [codes.length / 8, 8] as const;
    const unpacked = dequantize({ format, shape, codes, scales: null });
    expect(quantize(unpacked, shape, format).codes).toEqual(codes);
  });

  it("takes magnitudes up to the half-way point above the largest number, and refuses that", () => {
    const below = Math.fround(65519.99);
    expect(dequantize(quantize(Float32Array.of(below, -below), [1, 2], "fp16"))).toEqual(
      Float32Array.of(65504, -65504),
    );
    expect(() => quantize(Float32Array.of(0, 65520), [1, 2], "fp16")).toThrow(QuantizationError);
    const edge = (2 - 2 ** -8) * 2 ** 127;
    const under = Math.fround(edge - 2 ** 104);
    expect(dequantize(quantize(Float32Array.of(under), [1, 1], "bf16"))[0]).toBe((2 - 2 ** -7) * 2 ** 127);
    expect(() => quantize(Float32Array.of(-edge), [1, 1], "bf16")).toThrow(QuantizationError);
  });
});

describe.each(packedFormatNames)("%s", (format) => {
  it("gives the same codes and scales again when unpacked weights are packed", () => {
    for (const { shape, weight, label } of cases()) {
      const packed = quantize(weight, shape, format);
      // Where float32 runs out of scales, a row may come out with another one.
      if (packed.scales?.some((scale) => scale < 2 ** -126)) continue;
      // Scales that were quantised once have another mean; nf4.test.ts holds those of float32 to this.
      if (packed.nested) continue;
      expect(quantize(dequantize(packed), shape, format), label).toEqual(packed);
    }
  });

  it("unpacks any range of rows alone", () => {
    const packed = quantize(seededNormals(5)(7 * 3), [7, 3], format);
    const whole = dequantize(packed);
    for (let start = 0; start <= 7; start++) {
      for (let end = start; end <= 7; end++) {
        expect(dequantize(packed, { start, end })).toEqual(whole.slice(start * 3, end * 3));
      }
    }
    for (const rows of [
      { start: -1, end: 2 },
      { start: 3, end: 2 },
      { start: 0, end: 8 },
      { start: 0.5, end: 2 },
    ]) {
      expect(() => dequantize(packed, rows)).toThrow("expected rows within [0, 7)");
    }
  });

  it("counts its bytes exactly", () => {
    for (const shape of shapes) {
      const packed = quantize(new Float32Array(shape[0] * shape[1]), shape, format);
      const { codes, scales, nested } = packed;
      const nestedBytes = nested ? nested.codes.byteLength + nested.scales.byteLength + 4 : 0;
      expect(packedBytes(packed)).toBe(codes.byteLength + (scales?.byteLength ?? 0) + nestedBytes);
      expect(packedBytes({ format, shape })).toBe(packedBytes(packed));
    }
  });

  it.each([NaN, Infinity, -Infinity])("refuses %s and names tensor and element", (value) => {
    const weight = new Float32Array(6);
    weight[5] = value;
    const error = thrownBy(() => quantize(weight, [2, 3], format, "model.layers.3.mlp.up_proj.weight"));
    expect(error).toBeInstanceOf(QuantizationError);
    expect(error).toMatchObject({ format, tensor: "model.layers.3.mlp.up_proj.weight", element: [1, 2] });
    expect((error as Error).message).toContain(
      `"model.layers.3.mlp.up_proj.weight" at [1, 2]: expected a finite number to pack as ${format}, got ${value}`,
    );
    expect(isInputError(error)).toBe(true);
  });

  it("refuses a shape that the weights do not have", () => {
    expect(() => quantize(new Float32Array(5), [2, 3], format)).toThrow(
      "expected 6 weights for shape [2, 3], got 5",
    );
    expect(() => quantize(new Float32Array(4), [-2, -2], format)).toThrow("two counts, got [-2, -2]");
    expect(() => quantize(new Float32Array(1), [1, 0.5], format)).toThrow("two counts, got [1, 0.5]");
  });
});

it("says what to do about a weight beyond half precision", () => {
  const error = thrownBy(() => quantize(Float32Array.of(1, -70000), [2, 1], "fp16"));
  expect((error as Error).message).toBe(
    "weight at [1, 0]: expected a magnitude below 65520 to pack as fp16, got -70000; choose a format with more range, such as int8",
  );
});

function thrownBy(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}
