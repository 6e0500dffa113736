import { describe, expect, it } from "vitest";
import { nativeLevels, nativeMissing, Random } from "./testing.js";
import type { ElementFormat } from "./weight-matrix.js";

const missing = nativeMissing();
if (missing !== null) it.skip(`native kernels are not there: ${missing}`, () => {});

const FORMATS: readonly ElementFormat[] = ["fp32", "bf16", "fp16", "int8", "nf4"];

describe.each(missing === null ? nativeLevels() : [])("$level", (kernels) => {
  it.each(FORMATS)("a row of a product with %s has the same bits alone and among up to eight", (format) => {
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
        kernels.linear(x.subarray(row * inputs, (row + 1) * inputs), weight, null, y, { precision: "bf16" });
      }
      for (let rows = 2; rows <= 8; rows++) {
        const y = new Float32Array(rows * outputs);
        kernels.linear(x.subarray(0, rows * inputs), weight, null, y, { precision: "bf16" });
        expect(y, `${rows} rows, [${outputs}, ${inputs}], seed ${random.seed}`).toEqual(
          alone.subarray(0, rows * outputs),
        );
      }
    }
  });
});
