import { describe, expect, it } from "vitest";
import { adamW } from "./adamw.js";
import { crossEntropyRows } from "./cross-entropy-rows.js";
import { gemm } from "./gemm.js";
import { linear, linearInputGradient } from "./linear.js";
import { rmsNormBackward, rmsNormForward } from "./rms-norm.js";
import { rotate } from "./rotate.js";
import { swigluBackward, swigluForward } from "./swiglu.js";
import { centralDifferences, expectWithin, Random } from "./testing.js";
import { widenWeights } from "./widen-weights.js";

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

describe("plain kernels: gradients are central differences", () => {
  const random = new Random(3);

  it("rmsNorm", () => {
    const [x, weight, dy] = [random.normals(15), random.normals(5), random.normals(15)];
    const loss = (): number => {
      const y = new Float32Array(15);
      rmsNormForward(x, weight, y, 1e-3);
      return dot(y, dy);
    };
    const [dx, dWeight] = [new Float32Array(15), new Float32Array(5)];
    rmsNormBackward(x, weight, dy, dx, dWeight, 1e-3);
    expectWithin(dx, centralDifferences(loss, x), 2e-3);
    expectWithin(dWeight, centralDifferences(loss, weight), 2e-3);
  });

  it("swiglu", () => {
    const [gate, up, dOut] = [random.normals(9), random.normals(9), random.normals(9)];
    const loss = (): number => {
      const out = new Float32Array(9);
      swigluForward(gate, up, out);
      return dot(out, dOut);
    };
    const [dGate, dUp] = [new Float32Array(9), new Float32Array(9)];
    swigluBackward(gate, up, dOut, dGate, dUp);
    expectWithin(dGate, centralDifferences(loss, gate), 2e-3);
    expectWithin(dUp, centralDifferences(loss, up), 2e-3);
  });

  it("cross-entropy, whose gradient sums to nothing in each row", () => {
    const logits = random.normals(12, 2);
    const targets = Int32Array.of(3, 0, 1);
    const losses = new Float32Array(3);
    const loss = (): number => {
      crossEntropyRows(logits, targets, losses, null, 1);
      return losses.reduce((a, b) => a + b, 0);
    };
    const gradient = new Float32Array(12);
    crossEntropyRows(logits, targets, losses, gradient, 1);
    expectWithin(gradient, centralDifferences(loss, logits), 2e-3);
    for (let row = 0; row < 3; row++) {
      expect(Math.abs(gradient.subarray(row * 4, row * 4 + 4).reduce((a, b) => a + b, 0))).toBeLessThan(1e-6);
    }
  });

  it("linear", () => {
    const weight = random.weights("int8", [4, 6]);
    const [x, dy] = [random.normals(18), random.normals(12)];
    const loss = (): number => {
      const y = new Float32Array(12);
      linear(x, weight, null, y, { alpha: 2 });
      return dot(y, dy);
    };
    const dx = new Float32Array(18);
    linearInputGradient(dy, weight, dx, { alpha: 2 });
    expectWithin(dx, centralDifferences(loss, x), 2e-2);
  });
});

describe("plain kernels: laws", () => {
  it("(a b)ᵀ = bᵀ aᵀ, by the transposed forms", () => {
    const random = new Random(4);
    const [m, n, k] = [3, 4, 5];
    const [a, b] = [random.normals(m * k), random.normals(k * n)];
    const [c, transposed] = [new Float32Array(m * n), new Float32Array(n * m)];
    gemm(a, b, c, { m, n, k });
    gemm(b, a, transposed, { m: n, n: m, k, transposeA: true, transposeB: true });
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) expect(transposed[j * m + i]).toBe(c[i * n + j]);
  });

  it("rotation keeps lengths and is undone by turning back", () => {
    const random = new Random(5);
    const x = random.normals(2 * 3 * 8);
    const angles = random.normals(8);
    const [cos, sin] = [angles.map(Math.cos), angles.map(Math.sin)];
    const out = new Float32Array(x.length);
    rotate(x, out, cos, sin, 3, 8, 1);
    expect(Math.abs(dot(out, out) - dot(x, x))).toBeLessThan(1e-4);
    rotate(out, out, cos, sin, 3, 8, -1);
    expectWithin(out, x, 1e-6);
  });

  it("half floats widen to the numbers they stand for", () => {
    const codes = Uint16Array.of(0, 0x8000, 1, 0x3ff, 0x400, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0xfc00, 0x7e00);
    const values = widenWeights({ format: "fp16", shape: [1, codes.length], codes, scales: null });
    const subnormals = [2 ** -24, 1023 * 2 ** -24];
    expect([...values]).toEqual([0, -0, ...subnormals, 2 ** -14, 1, -2, 65504, Infinity, -Infinity, NaN]);
  });

  it("the first step of AdamW moves by the learning rate against the sign of the gradient", () => {
    const zeros = (): Float32Array => new Float32Array(2);
    const tensor = {
      parameter: zeros(),
      gradient: Float32Array.of(5, -0.1),
      first: zeros(),
      second: zeros(),
    };
    adamW([tensor], { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 0, weightDecay: 0, step: 1 });
    expectWithin(tensor.parameter, [-0.01, 0.01], 1e-8);
  });
});
