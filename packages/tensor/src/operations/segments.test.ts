import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  attention,
  crossEntropy,
  crossEntropyHead,
  embedding,
  fromTfjs,
  linear,
  product,
  reshape,
  rmsNorm,
  rope,
  rotaryAngles,
  scale,
  startEngine,
  swiglu,
  valueAndGradients,
} from "../index.js";
import { distance, enginesHere, seededFloats } from "../testing.js";

/** What rows, sequences and chunks owe each other: the order and the grouping of a computation change nothing but its rounding. */

const SEED = Number(process.env["TEST_SEED"] ?? 3107);
const floats = seededFloats(SEED);
const matrix = (rows: number, columns: number): tf.Tensor2D =>
  tf.tensor2d(floats(rows * columns), [rows, columns]);
const valuesOf = (tensor: tf.Tensor): Float32Array => tensor.dataSync<"float32">().slice();
const sumOf = fromTfjs((x) => tf.sum<tf.Scalar>(x));
const squares = fromTfjs((x) => tf.sum<tf.Scalar>(tf.square(x)));

const lengths = [3, 1, 5, 2];
const starts = lengths.map((_, index) => lengths.slice(0, index).reduce((a, b) => a + b, 0));
const rows = lengths.reduce((a, b) => a + b, 0);
const segmentsOf = (of: readonly number[]): Int32Array =>
  Int32Array.from({ length: of.length + 1 }, (_, i) => of.slice(0, i).reduce((a, b) => a + b, 0));
const heads = { headCount: 4, keyValueHeadCount: 2, keySize: 4, valueSize: 4, scale: 0.5 };
const angles = (positions: readonly number[]): ReturnType<typeof rotaryAngles> =>
  rotaryAngles(Int32Array.from(positions), Float64Array.of(1, 0.01));

/** A small block of a model over rows that lie end to end. @param of lengths of the sequences */
function block(x: tf.Tensor2D, weights: readonly tf.Tensor2D[], of: readonly number[]): tf.Tensor2D {
  const [q, k, v, o, gate, up, down] = weights;
  const count = x.shape[0];
  const normal = rmsNorm(x, tf.ones([16]), 1e-5);
  const turned = angles(of.flatMap((length) => Array.from({ length }, (_, position) => position)));
  const asHeads = (y: tf.Tensor2D, number: number): tf.Tensor3D => reshape(y, [count, number, 4]);
  const mixed = attention(
    rope(asHeads(linear(normal, q, null, "OI"), 4), turned),
    rope(asHeads(linear(normal, k, null, "OI"), 2), turned),
    asHeads(linear(normal, v, null, "OI"), 2),
    { ...heads, querySegments: segmentsOf(of), keySegments: segmentsOf(of) },
  );
  const after = add(x, linear(reshape<tf.Tensor2D>(mixed, [count, 16]), o, null, "OI"));
  const inner = swiglu(linear(after, gate, null, "OI"), linear(after, up, null, "OI"));
  return add(after, linear(inner, down, null, "OI"));
}

/** As large as weights of models are: rows of about length 1, so that a block neither swells nor shrinks what passes it. */
const blockWeights = (): tf.Tensor2D[] =>
  [
    [16, 16],
    [8, 16],
    [8, 16],
    [16, 16],
    [12, 16],
    [12, 16],
    [16, 12],
  ].map(([outputs, inputs]) => tf.mul(matrix(outputs, inputs), Math.sqrt(3 / inputs)));

describe.each(await enginesHere())(`on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  it("two linears after one another are the linear by the product of their weights", () => {
    const [x, a, b] = [matrix(5, 7), matrix(9, 7), matrix(4, 9)];
    const apart = linear(linear(x, a, null, "OI"), b, null, "OI");
    const together = linear(x, product(b, a), null, "OI");
    expect(distance(valuesOf(apart), valuesOf(together))).toBeLessThan(1e-5);
  });

  it("products of three matrices are the same from either side", () => {
    const [a, b, c] = [matrix(6, 33), matrix(33, 5), matrix(5, 8)];
    const left = valuesOf(product(product(a, b), c));
    expect(distance(valuesOf(product(a, product(b, c))), left)).toBeLessThan(1e-5);
    // (A B)ᵀ = Bᵀ Aᵀ, by the flags of the product alone.
    const turned = tf.transpose<tf.Tensor2D>(product(a, b));
    expect(distance(valuesOf(product(b, a, true, true)), valuesOf(turned))).toBeLessThan(1e-5);
  });

  it("sums are the same in any grouping, with the same gradients", () => {
    const parts = Array.from({ length: 5 }, () => matrix(3, 4));
    const [a, b, c, d, e] = parts;
    const left = (): tf.Tensor2D => add(add(add(add(a, b), c), d), e);
    const right = (): tf.Tensor2D => add(a, add(b, add(c, add(d, e))));
    const [ofLeft, ofRight] = [left, right].map((sum) => valueAndGradients(() => squares(sum()), parts));
    expect(distance(valuesOf(ofLeft.value), valuesOf(ofRight.value))).toBeLessThan(1e-5);
    ofLeft.gradients.forEach((gradient, i) => {
      expect(distance(valuesOf(gradient!), valuesOf(ofRight.gradients[i]!))).toBeLessThan(1e-5);
    });
  });

  it("scales one after another are one by their product", () => {
    const x = matrix(3, 4);
    // Powers of two multiply exactly.
    expect(valuesOf(scale(scale(x, 4), 0.125))).toEqual(valuesOf(scale(x, 0.5)));
  });

  it("a block of a model gives sequences that lie end to end what it gives each alone, and the same gradients", () => {
    const weights = blockWeights();
    const x = matrix(rows, 16);
    const whole = valueAndGradients(() => squares(block(x, weights, lengths)), [x, ...weights]);
    const sums = weights.map((weight) => new Float64Array(weight.size));
    let value = 0;
    lengths.forEach((length, s) => {
      const part: tf.Tensor2D = tf.slice(x, [starts[s], 0], [length, 16]);
      const alone = valueAndGradients(() => squares(block(part, weights, [length])), [part, ...weights]);
      value += valuesOf(alone.value)[0];
      const [ofPart, ...ofWeights] = alone.gradients;
      const expected = valuesOf(whole.gradients[0]!).subarray(starts[s] * 16, (starts[s] + length) * 16);
      expect(distance(valuesOf(ofPart!), expected)).toBeLessThan(1e-4);
      ofWeights.forEach((gradient, w) => {
        valuesOf(gradient!).forEach((number, i) => (sums[w][i] += number));
      });
    });
    expect(distance(valuesOf(whole.value), [value])).toBeLessThan(1e-5);
    whole.gradients.slice(1).forEach((gradient, w) => {
      expect(distance(valuesOf(gradient!), sums[w])).toBeLessThan(1e-4);
    });
  });

  it("does not care in which order sequences lie", () => {
    const weights = blockWeights();
    const x = matrix(rows, 16);
    const y = valuesOf(block(x, weights, lengths));
    const order = [2, 0, 3, 1];
    const moved = tf.concat2d(
      order.map((s) => tf.slice(x, [starts[s], 0], [lengths[s], 16])),
      0,
    );
    const ofMoved = valuesOf(
      block(
        moved,
        weights,
        order.map((s) => lengths[s]),
      ),
    );
    let at = 0;
    for (const s of order) {
      const size = lengths[s] * 16;
      const expected = y.subarray(starts[s] * 16, starts[s] * 16 + size);
      expect(distance(ofMoved.subarray(at, at + size), expected)).toBeLessThan(1e-5);
      at += size;
    }
  });

  it("losses of all labels are those of parts put together, and the head's sum is theirs in chunks of any size", () => {
    const [hidden, weight] = [matrix(rows, 6), matrix(6, 20)];
    const targets = Int32Array.from({ length: rows }, (_, row) => (row * 7) % 20);
    const losses = valuesOf(crossEntropy(linear(hidden, weight), targets));
    lengths.forEach((length, s) => {
      const part: tf.Tensor2D = tf.slice(hidden, [starts[s], 0], [length, 6]);
      const own = targets.subarray(starts[s], starts[s] + length);
      const expected = losses.subarray(starts[s], starts[s] + length);
      expect(distance(valuesOf(crossEntropy(linear(part, weight), own)), expected)).toBeLessThan(1e-6);
    });
    const sum = losses.reduce((a, b) => a + b, 0);
    const head = { project: (of: tf.Tensor2D) => linear(of, weight) };
    for (const size of [1, 2, 3, rows - 1, rows, 100]) {
      const { value, gradients } = valueAndGradients(
        () => crossEntropyHead(hidden, targets, head, 20, size),
        [hidden, weight],
      );
      expect(distance(valuesOf(value), [sum])).toBeLessThan(1e-5);
      const whole = valueAndGradients(
        () => sumOf(crossEntropy(linear(hidden, weight), targets)),
        [hidden, weight],
      );
      gradients.forEach((gradient, i) => {
        expect(distance(valuesOf(gradient!), valuesOf(whole.gradients[i]!))).toBeLessThan(1e-5);
      });
    }
  });

  it("rows of a table are the same asked for together or apart, and their gradients add up", () => {
    const table = matrix(9, 3);
    const ids = [4, 0, 4, 8, 8, 4];
    const apart = ids.map((id) => valuesOf(embedding(table, Int32Array.of(id))));
    const together = valuesOf(embedding(table, Int32Array.from(ids)));
    expect([...together]).toEqual(apart.flatMap((row) => [...row]));
    const { gradients } = valueAndGradients(() => sumOf(embedding(table, Int32Array.from(ids))), [table]);
    const counts = valuesOf(gradients[0]!);
    for (let row = 0; row < 9; row++) {
      const times = ids.filter((id) => id === row).length;
      expect([...counts.subarray(row * 3, row * 3 + 3)]).toEqual([times, times, times]);
    }
  });
});
