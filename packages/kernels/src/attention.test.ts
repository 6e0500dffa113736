import { describe, expect, it } from "vitest";
import { attentionBackward, attentionForward, type AttentionShape } from "./attention.js";
import { centralDifferences, expectWithin, Random } from "./testing.js";

/** Attention as it is defined: a dense matrix of scores per sequence and head, future keys at −∞. */
function dense(q: Float32Array, k: Float32Array, v: Float32Array, shape: AttentionShape): Float64Array {
  const { headCount, keyValueHeadCount, headSize, scale, querySegments, keySegments } = shape;
  const out = new Float64Array(q.length);
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
          for (let c = 0; c < headSize; c++) dot += q[query * headSize + c] * k[key * headSize + c];
          return j > i + keys - queries ? -Infinity : dot * scale;
        });
        const largest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - largest));
        const total = weights.reduce((a, b) => a + b, 0);
        for (const [j, weight] of weights.entries()) {
          const key = (keySegments[s] + j) * keyValueHeadCount + g;
          for (let c = 0; c < headSize; c++) {
            out[query * headSize + c] += (weight / total) * v[key * headSize + c];
          }
        }
      }
    }
  }
  return out;
}

const shape: AttentionShape = {
  headCount: 4,
  keyValueHeadCount: 2,
  headSize: 5,
  scale: 0.45,
  querySegments: Int32Array.of(0, 3, 3, 7),
  keySegments: Int32Array.of(0, 5, 6, 10),
};
const random = new Random(1);
const [q, k, v, weights] = [7 * 20, 10 * 10, 10 * 10, 7 * 20].map((length) => random.normals(length));
const forward = (): Float32Array => {
  const out = new Float32Array(q.length);
  attentionForward(q, k, v, out, shape);
  return out;
};

describe("attention", () => {
  it("is the dense formula, where queries are the last of their keys", () => {
    expectWithin(forward(), dense(q, k, v, shape), 1e-6);
  });

  it("of equal values is the value: weights sum to 1", () => {
    const out = new Float32Array(q.length);
    attentionForward(q, k, new Float32Array(v.length).fill(3), out, shape);
    expectWithin(out, new Float32Array(q.length).fill(3), 1e-6);
  });

  it("nothing crosses a sequence, and no key is seen early", () => {
    const before = forward();
    const changed = v.slice().fill(9, 9 * 10); // the last key of the last sequence
    const out = new Float32Array(q.length);
    attentionForward(q, k, changed, out, shape);
    expect(out.subarray(0, 6 * 20)).toEqual(before.subarray(0, 6 * 20));
    expect(out.subarray(6 * 20)).not.toEqual(before.subarray(6 * 20));
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
