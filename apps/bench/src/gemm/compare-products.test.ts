import { describe, expect, it } from "vitest";
import { productSpeeds, ratioTable, speedRatios, speedTable } from "./compare-products.js";
import type { MeasuredProduct } from "./gemm-job.js";

const product = (kind: string, rows: number, seconds: number[]): MeasuredProduct => ({
  kind,
  rows,
  outFeatures: 1000,
  inFeatures: 500,
  seconds,
});

const own = productSpeeds([
  product("int8·bf16", 1000, [0.5]),
  product("int8·bf16", 2000, [2]),
  product("int8·bf16", 1000, [1, 3]),
]);
const peers = productSpeeds([
  product("fp32", 1000, [2]),
  product("fp32", 2000, [2]),
  product("tfjs-cpu", 1000, [9]),
]);

describe("productSpeeds", () => {
  it("pools rounds, and counts a multiplication and an addition for each pair", () => {
    expect(own.map(({ rows, gigaflops }) => [rows, gigaflops])).toEqual([
      [1000, 1],
      [2000, 1],
    ]);
    expect(own[0].time.repeats).toBe(3);
  });
});

describe("speedRatios", () => {
  it("compares shapes that both have", () => {
    expect(speedRatios(own, peers)).toEqual([
      { kind: "int8·bf16", peer: "fp32", median: 1.5, lowest: 1, shapes: 2 },
      { kind: "int8·bf16", peer: "tfjs-cpu", median: 9, lowest: 9, shapes: 1 },
    ]);
    expect(speedRatios(own, [])).toEqual([]);
  });
});

describe("tables", () => {
  it("have a cell in every column", () => {
    for (const table of [speedTable(own, peers), ratioTable(speedRatios(own, peers))]) {
      expect(new Set(table.rows.map((row) => row.length))).toEqual(new Set([table.columns.length]));
    }
    expect(speedTable(own, peers).rows[1]).toEqual(["2000 · 1000×500", "1.0", "1.0", "–"]);
  });
});
