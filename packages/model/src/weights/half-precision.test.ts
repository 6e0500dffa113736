import { describe, expect, it } from "vitest";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "./half-precision.js";

const allPatterns = Uint16Array.from({ length: 1 << 16 }, (_, pattern) => pattern);

/** The value of a pattern by the definition of IEEE 754, in double precision. */
function valueOf(pattern: number, exponentBits: number, fractionBits: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >>> fractionBits) & ((1 << exponentBits) - 1);
  const fraction = (pattern & ((1 << fractionBits) - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 * bias + 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** The float32 next to `value`, away from zero (`step` 1) or towards it (`step` -1). */
function neighbour(value: number, step: 1 | -1): number {
  const float = Float32Array.of(value);
  new Uint32Array(float.buffer)[0] += step;
  return float[0];
}

const formats = [
  {
    name: "float16",
    widen: float16ToFloat32,
    narrow: float32ToFloat16,
    exponentBits: 5,
    fractionBits: 10,
    infinity: 0x7c00,
    quiet: 0x200,
  },
  {
    name: "bfloat16",
    widen: bfloat16ToFloat32,
    narrow: float32ToBfloat16,
    exponentBits: 8,
    fractionBits: 7,
    infinity: 0x7f80,
    quiet: 0x40,
  },
];

describe.each(formats)("$name", ({ widen, narrow, exponentBits, fractionBits, infinity, quiet }) => {
  it("widens all 65,536 patterns to the values of the definition", () => {
    const values = widen(allPatterns);
    const wrong = allPatterns.filter((pattern) => {
      return !Object.is(values[pattern], valueOf(pattern, exponentBits, fractionBits));
    });
    expect([...wrong]).toEqual([]);
  });

  it("narrows all 65,536 widened patterns back to themselves, NaNs made quiet", () => {
    const patterns = narrow(widen(allPatterns));
    const wrong = allPatterns.filter((pattern) => {
      const isNan = (pattern & 0x7fff) > infinity;
      return patterns[pattern] !== (isNan ? pattern | quiet : pattern);
    });
    expect([...wrong]).toEqual([]);
  });

  it("rounds around the midpoint of every two neighbours to nearest, ties to even", () => {
    const wrong: number[] = [];
    for (const sign of [0, 0x8000]) {
      for (let lower = 0; lower < infinity; lower++) {
        const from = valueOf(lower, exponentBits, fractionBits);
        // The step above the largest number is where infinity starts to count as a number.
        const to =
          lower + 1 === infinity
            ? 2 ** (2 ** (exponentBits - 1))
            : valueOf(lower + 1, exponentBits, fractionBits);
        const middle = (from + to) / 2;
        const even = lower % 2 === 0 ? lower : lower + 1;
        const inputs = [neighbour(middle, -1), middle, neighbour(middle, 1)];
        const expected = [lower, even, lower + 1];
        const actual = narrow(Float32Array.from(inputs, (input) => (sign === 0 ? input : -input)));
        if (actual.some((pattern, i) => pattern !== (expected[i] | sign))) wrong.push(lower | sign);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("keeps a NaN whose fraction lies only in the bits that are cut", () => {
    const nan = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001).buffer);
    expect([...narrow(nan)]).toEqual([infinity | quiet, 0x8000 | infinity | quiet]);
  });

  it("takes views into larger buffers", () => {
    const backing = Float32Array.of(9, 1, -2, 9);
    const patterns = narrow(backing.subarray(1, 3));
    const target = new Float32Array(4);
    widen(patterns, target.subarray(1, 3));
    expect([...target]).toEqual([0, 1, -2, 0]);
  });

  it("refuses a target of another length", () => {
    expect(() => widen(new Uint16Array(2), new Float32Array(3))).toThrow(
      "expected a target of 2 numbers, got 3",
    );
    expect(() => narrow(new Float32Array(2), new Uint16Array(1))).toThrow(
      "expected a target of 2 numbers, got 1",
    );
  });
});

it("float16 overflows to infinity from 65520 on, and not before", () => {
  expect([...float32ToFloat16(Float32Array.of(65519.996, 65520, 1e10, -1e38))]).toEqual([
    0x7bff, 0x7c00, 0x7c00, 0xfc00,
  ]);
});
