import { listEngines } from "@lathe/tensor";
import { expect, it } from "vitest";
import { compareOperations, relativeError } from "./compare-operations.js";

it("an error is a share of the largest magnitude, and infinite where a value is not finite", () => {
  expect(relativeError(Float32Array.of(1, 5), Float32Array.of(2, -4))).toBe(9 / 4);
  expect(relativeError(Float32Array.of(0.5), Float32Array.of(0))).toBe(0.5);
  expect(relativeError(Float32Array.of(NaN), Float32Array.of(1))).toBe(Infinity);
});

const native = await listEngines()
  .find(({ name }) => name === "native")!
  .probe();

it("two engines agree in every operation", async () => {
  const { entries } = await compareOperations(
    { engine: "wasm", precision: "fp32" },
    // The plain engine takes long.
    { engine: native === null ? "native" : "cpu", precision: "fp32" },
    1,
  );
  expect(entries.map(({ operation }) => operation)).toContain("quantizedLinear nf4");
  for (const { operation, outputError, gradientError, fault } of entries) {
    expect(fault, operation).toBeNull();
    expect(Math.max(outputError, gradientError), operation).toBeLessThan(1e-5);
  }
}, 120_000);
