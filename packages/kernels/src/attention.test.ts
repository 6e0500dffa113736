import { describe, expect, it } from "vitest";
import { attentionBackward, attentionForward, type AttentionShape } from "./attention.js";
import { centralDifferences, expectWithin, Random } from "./testing.js";

/** Attention as it is defined: a dense matrix of scores per sequence and head, future keys at −∞. */
function dense(q: Float32Array, k: Float32Array, v: Float32Array, shape: AttentionShape): Float64Array {
  const { headCount, keyValueHeadCount, keySize, valueSize, scale, querySegments, keySegments } = shape;
  const out = new Float64Array(querySegments[querySegments.length - 1] * headCount * valueSize);
  for (let s = 0; s + 1 < querySegments.length; s++) {
    const queries = querySegments[s + 1] - querySegments[s];
    const keys = keySegments[s + 1] - keySegments[s];
    for (let h = 0; h < headCount; h++) {
      const g = Math.floor((h * keyValueHeadCount) / headCount);
      for (let i = 0; i < queries; i++) {
        const query = (querySegments[s] + i) * headCount + h;
        const scores = Array.from({ length: keys }, (_, j) => {
          const key = (keySegments[s] + j) * keyValueHeadCount + g;
          let dot = 0;
          for (let c = 0; c < keySize; c++) dot += q[query * keySize + c] * k[key * keySize + c];
          return j > i + keys - queries ? -Infinity : dot * scale;
        });
        const largest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - largest));
        const total = weights.reduce((a, b) => a + b, 0);
        for (const [j, weight] of weights.entries()) {
          const key = (keySegments[s] + j) * keyValueHeadCount + g;
          for (let c = 0; c < valueSize; c++) {
            out[query * valueSize + c] += (weight / total) * v[key * valueSize + c];
          }
        }
      }
    }
  }
  return out;
}

const random = new Random(1);

describe.each([
  ["values as wide as keys", 5, 5],
  ["values narrower than keys", 6, 4],
  ["values wider than keys", 3, 7],
])("attention, %s", (_what, keySize, valueSize) => {
  const shape: AttentionShape = {
    headCount: 4,
    keyValueHeadCount: 2,
    keySize,
    valueSize,
    scale: 0.45,
    querySegments: Int32Array.of(0, 3, 3, 7),
    keySegments: Int32Array.of(0, 5, 6, 10),
  };
  const [q, k] = [random.normals(7 * 4 * keySize), random.normals(10 * 2 * keySize)];
  const [v, weights] = [random.normals(10 * 2 * valueSize), random.normals(7 * 4 * valueSize)];
  const forward = (values = v): Float32Array => {
    const out = new Float32Array(weights.length);
    attentionForward(q, k, values, out, shape);
    return out;
  };

  it("is the dense formula, where queries are the last of their keys", () => {
    expectWithin(forward(), dense(q, k, v, shape), 1e-6);
  });

  it("of equal values is the value: weights sum to 1", () => {
    const out = forward(new Float32Array(v.length).fill(3));
    expectWithin(out, new Float32Array(out.length).fill(3), 1e-6);
  });

  it("nothing crosses a sequence, and no key is seen early", () => {
    const before = forward();
    // The last key of the last sequence.
    const out = forward(v.slice().fill(9, 9 * 2 * valueSize));
    const lastRow = 6 * 4 * valueSize;
    expect(out.subarray(0, lastRow)).toEqual(before.subarray(0, lastRow));
    expect(out.subarray(lastRow)).not.toEqual(before.subarray(lastRow));
  });

  it("gradients are central differences of the forward pass", () => {
    const [dq, dk, dv] = [new Float32Array(q.length), new Float32Array(k.length), new Float32Array(v.length)];
    attentionBackward(q, k, v, weights, dq, dk, dv, shape);
    const loss = (): number => dense(q, k, v, shape).reduce((sum, value, i) => sum + value * weights[i], 0);
    expectWithin(dq, centralDifferences(loss, q), 1e-4, "dq");
    expectWithin(dk, centralDifferences(loss, k), 1e-4, "dk");
    expectWithin(dv, centralDifferences(loss, v), 1e-4, "dv");
  });
});
