import { fileURLToPath } from "node:url";
import { FP8_BLOCK, widenWeights } from "@lathe/kernels";
import { flatBatch, loadModel } from "@lathe/model";
import { listEngines, startEngine } from "@lathe/tensor";
import { describe, expect, it } from "vitest";
import { cutMatrix } from "./cut-matrix.js";
import { dequantize } from "./dequantize.js";
import { linearReader } from "./linear-reader.js";
import { packedBytes, type PackedMatrix } from "./packed-matrix.js";
import { QuantizedLinear } from "./quantized-linear.js";

const fixture = fileURLToPath(new URL("../../model/fixtures/models/deepseek_v3_fp8", import.meta.url));

function matrixOf(rows: number, columns: number): PackedMatrix {
  const scales = rows * Math.ceil(columns / FP8_BLOCK);
  return {
    format: "fp8",
    shape: [rows, columns],
    codes: Uint8Array.from({ length: rows * columns }, (_, i) => ((i * 37) % 0x7f) | ((i * 5) & 0x80)),
    scales: Float32Array.from({ length: scales }, (_, i) => (i + 1) / 300),
  };
}

/** Columns [first, end) of rows. */
const columnsOf = (weights: Float32Array, width: number, first: number, end: number): number[] =>
  [...weights].filter((_, i) => i % width >= first && i % width < end);

describe("8-bit floats with a scale a block", () => {
  it("stand for the numbers that kernels take them for, whole or some rows", () => {
    const matrix = matrixOf(5, 300);
    expect(dequantize(matrix)).toEqual(widenWeights(matrix));
    expect(dequantize(matrix, { start: 2, end: 4 })).toEqual(widenWeights(matrix, 2, 4));
    expect(packedBytes(matrix)).toBe(5 * 300 + 4 * 5 * 3);
  });

  it.each([
    ["fp8", 128, 300],
    ["fp8", 0, 256],
    ["bf16", 100, 300],
    ["bf16", 0, 130],
  ] as const)("are cut to %s at columns %d to %d, the same numbers", (format, start, end) => {
    const matrix = matrixOf(6, 300);
    const cut = cutMatrix(matrix, { start: 1, end: 5 }, { start, end });
    expect(cut.format).toBe(format);
    expect([...dequantize(cut)]).toEqual(
      columnsOf(dequantize(matrix, { start: 1, end: 5 }), 300, start, end),
    );
  });

  const tokens = Int32Array.of(1, 17, 99, 45, 60, 3, 9);
  const batch = flatBatch([{ inputIds: tokens, labels: tokens }]);
  it.each(listEngines().map(({ name }) => name))(
    "are held as they are stored on %s, where it multiplies with them",
    async (name) => {
      const definition = listEngines().find((engine) => engine.name === name)!;
      if ((await definition.probe()) !== null) return;
      const { weightMemory } = await startEngine(name, "fp32");
      const held = await loadModel(fixture, { readLinear: await linearReader(fixture, "none") });
      const dense = await loadModel(fixture);
      const formats = held
        .linears()
        .filter(({ path }) => path.startsWith("model.layers."))
        .map(({ linear }) => (linear instanceof QuantizedLinear ? linear.matrix.format : "fp32"));
      expect(new Set(formats)).toEqual(new Set([weightMemory ? "fp8" : "fp32"]));
      const [own, expected] = [held, dense].map((model) => model.tokenLosses(batch));
      expect(own.length).toBe(expected.length);
      for (const [i, loss] of own.entries()) expect(Math.abs(loss - expected[i])).toBeLessThan(2e-5);
      held.dispose();
      dense.dispose();
    },
  );
});
