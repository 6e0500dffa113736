import { describe, expect, it } from "vitest";
import { seededFloats } from "../../tensor/testing/seeded-floats.js";
import { cutMatrix } from "./cut-matrix.js";
import { dequantize } from "./dequantize.js";
import { quantize } from "./quantize.js";

const SEED = Number(process.env["TEST_SEED"] ?? 1909);
const [ROWS, COLUMNS] = [96, 256];

describe.each(["int8", "nf4", "bf16", "fp16"] as const)(
  `a stretch of an %s matrix (seed ${SEED})`,
  (format) => {
    const matrix = quantize(seededFloats(SEED)(ROWS * COLUMNS), [ROWS, COLUMNS], format);
    const whole = dequantize(matrix);

    it.each([
      [0, 48, 0, 256],
      [48, 96, 0, 256],
      // Groups of nested scales begin with row 64.
      [64, 96, 0, 256],
      [0, 96, 64, 192],
      [7, 20, 192, 256],
    ])("has its numbers: rows %i to %i, columns %i to %i", (top, bottom, left, right) => {
      const cut = cutMatrix(matrix, { start: top, end: bottom }, { start: left, end: right });
      expect(cut.shape).toEqual([bottom - top, right - left]);
      const expected = Array.from({ length: bottom - top }, (_, row) => [
        ...whole.subarray((top + row) * COLUMNS + left, (top + row) * COLUMNS + right),
      ]).flat();
      expect([...dequantize(cut)]).toEqual(expected);
    });

    it("is nested where it was and groups are whole", () => {
      const isNested = (start: number): boolean =>
        cutMatrix(matrix, { start, end: ROWS }, { start: 0, end: COLUMNS }).nested !== undefined;
      expect([isNested(64), isNested(48)]).toEqual([format === "nf4", false]);
    });
  },
);

it("cannot be cut within a block", () => {
  const matrix = quantize(new Float32Array(256), [2, 128], "nf4");
  expect(() => cutMatrix(matrix, { start: 0, end: 2 }, { start: 0, end: 96 })).toThrow(
    "expected columns at multiples of 64, as nf4 has blocks of as many, got 0 to 96",
  );
});
