import { NF4_CODEBOOK } from "@lathe/kernels";
import { widenWeights } from "@lathe/kernels/reference";
import { describe, expect, it } from "vitest";
import { dequantize } from "./dequantize.js";
import { DYNAMIC_MAP, nestScales, widenNestedScales } from "./nest-scales.js";
import { checkPackedMatrix, emptyPackedMatrix, type PackedMatrix } from "./packed-matrix.js";
import { quantize, quantizeRows } from "./quantize.js";
import { seededNormals } from "./testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 41);
/** Half the widest gap between two values, which is the lowest. */
const HALF_GAP = (NF4_CODEBOOK[1] - NF4_CODEBOOK[0]) / 2;

const shapes: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 63],
  [3, 64],
  [3, 65],
  [5, 130],
  [300, 64], // more blocks than a group of scales has
  [7, 2500],
  [0, 64],
  [2, 0],
];

/** Codes and float32 scales, before the scales are quantised. */
function plain(weight: Float32Array, shape: readonly [number, number]): PackedMatrix {
  const matrix = emptyPackedMatrix("nf4", shape);
  quantizeRows(weight, matrix, 0, null);
  return matrix;
}

function codeAt({ codes, shape }: PackedMatrix, row: number, column: number): number {
  const pair = codes[row * Math.ceil(shape[1] / 2) + (column >> 1)];
  return column % 2 === 0 ? pair >> 4 : pair & 15;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

describe("nf4", () => {
  it(`takes the nearest of 16 values, times the largest magnitude of a block of 64 in a row (seed ${SEED})`, () => {
    const normals = seededNormals(SEED);
    for (const shape of shapes) {
      for (const deviation of [1e-41, 1e-20, 0.02, 1, 1e30]) {
        const weight = normals(shape[0] * shape[1], deviation);
        const matrix = plain(weight, shape);
        const rowBlocks = Math.ceil(shape[1] / 64);
        expect(matrix.scales).toHaveLength(shape[0] * rowBlocks);
        let worst = 0;
        for (let row = 0; row < shape[0]; row++) {
          for (let column = 0; column < shape[1]; column++) {
            const start = row * shape[1] + column - (column % 64);
            const end = Math.min(start + 64, (row + 1) * shape[1]);
            const scale = matrix.scales![row * rowBlocks + Math.floor(column / 64)];
            if (column % 64 === 0) expect(scale).toBe(Math.max(...weight.subarray(start, end).map(Math.abs)));
            const place = weight[row * shape[1] + column] / scale;
            const distance = Math.abs(place - NF4_CODEBOOK[codeAt(matrix, row, column)]);
            for (const value of NF4_CODEBOOK) worst = Math.max(worst, distance - Math.abs(place - value));
          }
        }
        // The rounding of w / scale decides between two values as near.
        expect(worst, `[${shape.join(", ")}], deviation ${deviation}`).toBeLessThan(2 ** -22);
      }
    }
  });

  it(`stays within half the widest gap of its scale, and what the scale lost (seed ${SEED})`, () => {
    const normals = seededNormals(SEED + 1);
    for (const shape of shapes) {
      for (const deviation of [1e-30, 0.02, 1000]) {
        const weight = normals(shape[0] * shape[1], deviation);
        const { scales } = plain(weight, shape);
        const matrix = quantize(weight, shape, "nf4");
        const unpacked = dequantize(matrix);
        const rowBlocks = Math.ceil(shape[1] / 64);
        let worst = 0;
        weight.forEach((w, i) => {
          const block = Math.floor(i / shape[1]) * rowBlocks + Math.floor((i % shape[1]) / 64);
          const lost = 0.0071 * matrix.nested!.scales[Math.floor(block / 256)];
          const bound = (HALF_GAP + 2 ** -22) * scales![block] + lost;
          worst = Math.max(worst, Math.abs(w - unpacked[i]) / bound);
        });
        expect(worst, `[${shape.join(", ")}], deviation ${deviation}`).toBeLessThanOrEqual(1);
      }
    }
  });

  it("unpacks as the kernels' reference does, bit for bit, nested or not, any rows", () => {
    const normals = seededNormals(SEED + 2);
    for (const shape of shapes) {
      const weight = normals(shape[0] * shape[1]);
      for (const matrix of [plain(weight, shape), quantize(weight, shape, "nf4")]) {
        const expected = widenWeights(matrix);
        expect(Buffer.compare(bytesOf(dequantize(matrix)), bytesOf(expected))).toBe(0);
        const rows = { start: shape[0] >> 1, end: shape[0] };
        const end = bytesOf(expected.subarray(rows.start * shape[1]));
        expect(Buffer.compare(bytesOf(dequantize(matrix, rows)), end)).toBe(0);
      }
    }
  });

  it("gives the same codes and scales again when unpacked weights are packed", () => {
    for (const shape of shapes) {
      const matrix = plain(seededNormals(SEED + 3)(shape[0] * shape[1]), shape);
      expect(plain(dequantize(matrix), shape)).toEqual(matrix);
    }
  });

  it("refuses parts that do not fit", () => {
    const matrix = quantize(new Float32Array(3 * 65), [3, 65], "nf4");
    const nested = matrix.nested!;
    expect(() => checkPackedMatrix(matrix)).not.toThrow();
    for (const [part, message] of [
      [{ codes: new Uint8Array(98) }, "expected 99 codes of 1 bytes for shape [3, 65], got 98"],
      [{ nested: undefined }, "expected 6 scales for shape [3, 65], got 0"],
      [{ scales: new Float32Array(6) }, "expected scales or nested scales, got both"],
      [{ nested: { ...nested, codes: new Uint8Array(5) } }, "expected 6 codes of scales"],
      [{ nested: { ...nested, scales: new Float32Array(2) } }, "expected 1 scales of scales"],
      [{ nested: { ...nested, map: new Float32Array(16) } }, "expected 256 values in the map of scales"],
      [{ nested: { ...nested, offset: NaN } }, "expected a finite offset of scales, got NaN"],
    ] as const) {
      expect(() => checkPackedMatrix({ ...matrix, ...part })).toThrow(message);
    }
    const int8 = quantize(new Float32Array(6), [2, 3], "int8");
    expect(() => checkPackedMatrix({ ...int8, nested })).toThrow("expected no nested scales, got some");
  });

  it("puts the first of two codes in the upper half, as bitsandbytes does, and a zero behind the last of an odd row", () => {
    const weight = Float32Array.of(1, -1, 0, 0.0795803, -0.7, 0.34, 1);
    const { codes, scales } = plain(weight, [1, 7]);
    expect([...codes]).toEqual([0xf0, 0x78, 0x1b, 0xf7]);
    expect([...scales!]).toEqual([1]);
  });

  it("keeps a block of zeros at zero, whatever its scale becomes", () => {
    const weight = new Float32Array(4 * 64).fill(3, 0, 64).fill(-0.5, 128);
    const unpacked = dequantize(quantize(weight, [2, 128], "nf4"));
    expect([...unpacked.subarray(64, 128)].every((value) => value === 0)).toBe(true);
    expect(Math.abs(unpacked[0] - 3)).toBeLessThan(0.02);
  });

  it("has blocks of a row alone: an outlier coarsens its own block", () => {
    const weight = seededNormals(SEED)(2 * 70, 0.01);
    weight[66] = 50;
    const matrix = plain(weight, [2, 70]);
    const calm = Float32Array.from(weight);
    calm[66] = 0;
    const without = plain(calm, [2, 70]);
    for (const block of [0, 2, 3]) expect(matrix.scales![block]).toBe(without.scales![block]);
    expect(matrix.codes.slice(35)).toEqual(without.codes.slice(35));
  });
});

describe("nestScales", () => {
  it("has a map of 256 rising values with 0 and 1 among them", () => {
    expect(DYNAMIC_MAP).toHaveLength(256);
    for (let i = 1; i < 256; i++) expect(DYNAMIC_MAP[i]).toBeGreaterThan(DYNAMIC_MAP[i - 1]);
    expect(DYNAMIC_MAP).toContain(0);
    expect(DYNAMIC_MAP[255]).toBe(1);
    // Symmetric but for the 1, which takes the place of a −1.
    for (let i = 0; i < 127; i++) expect(DYNAMIC_MAP[i]).toBe(-DYNAMIC_MAP[254 - i]);
  });

  it(`takes the nearest value of the map for what is above or below the mean (seed ${SEED})`, () => {
    const normals = seededNormals(SEED);
    for (const length of [1, 2, 255, 256, 257, 1000]) {
      const scales = normals(length).map(Math.abs);
      const nested = nestScales(scales);
      const mean = scales.reduce((sum, scale) => sum + scale, 0) / length;
      expect(Math.abs(nested.offset - mean)).toBeLessThan(1e-6);
      expect(nested.scales).toHaveLength(Math.ceil(length / 256));
      const widened = widenNestedScales(nested, 0, length);
      scales.forEach((scale, i) => {
        const group = nested.scales[Math.floor(i / 256)];
        const distances = [...nested.map].map((value) => Math.abs(nested.offset + group * value - scale));
        expect(Math.abs(widened[i] - scale)).toBeLessThanOrEqual(Math.min(...distances) + 1e-6);
        expect(Math.abs(widened[i] - scale)).toBeLessThanOrEqual(0.0071 * group + 1e-6);
      });
    }
  });

  it("gives equal scales back exactly, none at all, and the tiniest", () => {
    expect([...widenNestedScales(nestScales(new Float32Array(300).fill(0.7)), 0, 300)]).toEqual(
      Array<number>(300).fill(Math.fround(0.7)),
    );
    expect(nestScales(new Float32Array()).codes).toHaveLength(0);
    const tiny = Float32Array.of(2 ** -149, 5 * 2 ** -149, 0, 0);
    for (const scale of widenNestedScales(nestScales(tiny), 0, 4))
      expect(Math.abs(scale)).toBeLessThan(1e-44);
  });
});
