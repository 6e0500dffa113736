import { describe, expect, it } from "vitest";
import { expectSame, nativeLevels, nativeMissing, Random } from "./testing.js";
import type { WeightMatrix } from "./weight-matrix.js";
import { widenWeights } from "./widen-weights.js";

/** The numbers that 8-bit floats stand for, which are exact in bfloat16, as a matrix of these. */
function inHalves(matrix: WeightMatrix): WeightMatrix {
  const words = new Uint32Array(widenWeights(matrix).buffer);
  return {
    format: "bf16",
    shape: matrix.shape,
    codes: Uint16Array.from(words, (word) => word >>> 16),
    scales: null,
  };
}

const missing = nativeMissing();
if (missing !== null) it.skip(`native kernels are not there: ${missing}`, () => {});

const seed = Math.floor(Math.random() * 2 ** 31);

describe.each(missing === null ? nativeLevels() : [])(
  "8-bit floats with a scale a block, $level",
  (kernels) => {
    const random = new Random(seed);

    it.each(["fp32", "bf16", "int8"] as const)(
      `have the bits of the bfloat16 numbers that they stand for, in %s (seed ${seed})`,
      (precision) => {
        for (const rows of [1, 2, 5, 8, 9, 40, 300]) {
          const [inputs, outputs] = [random.integer(1, 400), random.integer(1, 300)];
          const weight = random.weights("fp8", [outputs, inputs]);
          const halves = inHalves(weight);
          const [x, dy] = [random.normals(rows * inputs), random.normals(rows * outputs)];
          const products = (matrix: WeightMatrix): [Float32Array, Float32Array] => {
            const [y, dx] = [new Float32Array(rows * outputs), new Float32Array(rows * inputs)];
            kernels.linear(x, matrix, null, y, { precision });
            kernels.linearInputGradient(dy, matrix, dx, { precision });
            return [y, dx];
          };
          const [own, expected] = [products(weight), products(halves)];
          const what = `${rows} rows of ${inputs} by ${outputs}`;
          expectSame(own[0], expected[0], what);
          expectSame(own[1], expected[1], `gradients of ${what}`);
        }
      },
    );

    it("every code, NaN included, times scales of any size", () => {
      const scales = Float32Array.of(1, -1, 0, 2 ** -140, 1e30, 2 ** -9, 0.0123, 3.3e38);
      const codes = Uint8Array.from({ length: scales.length * 256 }, (_, i) => i % 256);
      const shape = [scales.length, 256] as const;
      const rowScales = Float32Array.from({ length: scales.length * 2 }, (_, i) => scales[i >> 1]);
      const table: WeightMatrix = { format: "fp8", shape, codes, scales: rowScales };
      const ids = Int32Array.from(scales, (_, i) => i);
      const out = new Float32Array(codes.length);
      kernels.gatherRows(table, ids, out);
      expectSame(out, widenWeights(table));
    });

    it("scales that are missing, too few or not finite are refused", () => {
      const codes = new Uint8Array(3 * 200);
      const multiply = (scales: Float32Array | null): void => {
        const weight: WeightMatrix = { format: "fp8", shape: [3, 200], codes, scales };
        kernels.linear(new Float32Array(200), weight, null, new Float32Array(3));
      };
      expect(() => {
        multiply(null);
      }).toThrow(/scales of a weight/);
      expect(() => {
        multiply(new Float32Array(5));
      }).toThrow(/\[O \* ceil\(I \/ 128\)\]/);
      expect(() => {
        multiply(new Float32Array(6).fill(Infinity));
      }).toThrow(/finite/);
      multiply(new Float32Array(6));
    });
  },
);
