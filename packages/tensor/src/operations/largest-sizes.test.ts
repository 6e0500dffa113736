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

/** Sizes of real models, by laws whose value is known without computing it again. */

const SEED = Number(process.env["TEST_SEED"] ?? 905);
const floats = seededFloats(SEED);
const VOCABULARY = 151_936;
const valuesOf = (tensor: tf.Tensor): Float32Array => tensor.dataSync<"float32">().slice();
const sumOf = fromTfjs((x) => tf.sum<tf.Scalar>(x));

describe.each(await enginesHere())(`on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  it("a sum of 65,536 products is as exact as float32 lets it be", () => {
    const length = 65_536;
    const [x, w] = [floats(length), floats(length)];
    let [expected, size] = [0, 0];
    for (let i = 0; i < length; i++) {
      expected += x[i] * w[i];
      size += Math.abs(x[i] * w[i]);
    }
    const [y] = valuesOf(linear(tf.tensor2d(x, [1, length]), tf.tensor2d(w, [1, length]), null, "OI"));
    // Sums in the worst order lose a unit of the last place a term; any sensible order, some of the square root.
    expect(Math.abs(y - expected)).toBeLessThan(2 ** -24 * Math.sqrt(length) * size);
  });

  it("a vocabulary of 151,936: the same logits are its logarithm, and gradients add up to nothing", () => {
    const logits = tf.fill<tf.Rank.R2>([2, VOCABULARY], -7);
    const targets = Int32Array.of(0, VOCABULARY - 1);
    expect(
      distance(
        valuesOf(crossEntropy(logits, targets)),
        [1, 1].map(() => Math.log(VOCABULARY)),
      ),
    ).toBeLessThan(1e-6);
    const { gradients } = valueAndGradients(() => sumOf(crossEntropy(logits, targets)), [logits]);
    const ofLogits = valuesOf(gradients[0]!);
    for (const [row, target] of targets.entries()) {
      const part = ofLogits.subarray(row * VOCABULARY, (row + 1) * VOCABULARY);
      expect(part[target]).toBeCloseTo(1 / VOCABULARY - 1, 6);
      const others = part.filter((_, token) => token !== target);
      expect(
        distance(
          others,
          others.map(() => 1 / VOCABULARY),
        ),
      ).toBeLessThan(1e-9);
    }
    tf.dispose([logits, ...gradients.map((gradient) => gradient!)]);
  });

  it("a head over that vocabulary has the loss of its only large logit", () => {
    // One row of the head meets the hidden state; all others are at right angles to it.
    const hidden = tf.tensor2d([3, 0, 3, 0, 3, 0], [3, 2]);
    const weight = new Float32Array(VOCABULARY * 2);
    for (let token = 0; token < VOCABULARY; token++) weight[token * 2 + 1] = 1;
    const last = VOCABULARY - 1;
    weight.set([5, 0], last * 2);
    const matrix = tf.tensor2d(weight, [VOCABULARY, 2]);
    const head = { project: (rows: tf.Tensor2D) => linear(rows, matrix, null, "OI") };
    const loss = crossEntropyHead(hidden, Int32Array.of(last, last, 0), head, VOCABULARY, 2);
    const lse = Math.log(Math.exp(15) + VOCABULARY - 1);
    expect(distance(valuesOf(loss), [3 * lse - 30])).toBeLessThan(1e-5);
  });

  it("a table of 151,936 rows hands out its first and last, and takes their gradients", () => {
    const table = tf.tensor2d(
      Float32Array.from({ length: VOCABULARY * 2 }, (_, i) => i),
      [VOCABULARY, 2],
    );
    const ids = Int32Array.of(VOCABULARY - 1, 0, VOCABULARY - 1);
    expect([...valuesOf(embedding(table, ids))]).toEqual([303_870, 303_871, 0, 1, 303_870, 303_871]);
    const { gradients } = valueAndGradients(() => sumOf(embedding(table, ids)), [table]);
    const ofTable = valuesOf(gradients[0]!);
    expect([...ofTable.slice(0, 4), ...ofTable.slice(-4)]).toEqual([1, 1, 0, 0, 0, 0, 2, 2]);
    expect(ofTable.reduce((sum, part) => sum + part, 0)).toBe(6);
  });

  it("attention of the last of 8,192 rows, all alike, is the mean of their values", () => {
    const keys = 8192;
    const shape = {
      headCount: 2,
      keyValueHeadCount: 1,
      keySize: 4,
      valueSize: 4,
      scale: 0.5,
      querySegments: Int32Array.of(0, 1),
      keySegments: Int32Array.of(0, keys),
    };
    const values = floats(keys * 4);
    const expected = new Float64Array(4);
    values.forEach((value, i) => (expected[i % 4] += value / keys));
    const y = attention(tf.ones([1, 2, 4]), tf.ones([keys, 1, 4]), tf.tensor3d(values, [keys, 1, 4]), shape);
    expect(distance(valuesOf(y), [...expected, ...expected])).toBeLessThan(1e-5);
  });

  it("rotary positions of 131,071 turn as a double turns them", () => {
    const position = 131_071;
    const frequencies = Float64Array.of(1, 1e-3, 1e-6);
    const x = tf.tensor3d([1, 1, 1, 0, 0, 0], [1, 1, 6]);
    const y = valuesOf(rope(x, rotaryAngles(Int32Array.of(position), frequencies)));
    const expected = [
      ...frequencies.map((frequency) => Math.cos(position * frequency)),
      ...frequencies.map((frequency) => Math.sin(position * frequency)),
    ];
    expect(distance(y, expected)).toBeLessThan(1e-6);
  });

  it("a norm over 18,944 numbers of any size has root mean square 1, up to the ends of float32", () => {
    const width = 18_944;
    const numbers = floats(width);
    for (const size of [1e-15, 1, 1e15]) {
      const y = valuesOf(
        rmsNorm(
          tf.tensor2d(
            numbers.map((value) => value * size),
            [1, width],
          ),
          tf.ones([width]),
          0,
        ),
      );
      const mean = y.reduce((sum, value) => sum + value * value, 0) / width;
      expect(Math.sqrt(mean)).toBeCloseTo(1, 4);
    }
  });

  it("four million numbers are added, scaled, gated and given another shape as each alone is", () => {
    const count = 2 ** 22 + 3;
    const x = tf.fill<tf.Rank.R2>([1, count], 1.5);
    const y = reshape<tf.Tensor2D>(scale(add(x, x), 2), [count, 1]);
    const z = valuesOf(swiglu(y, y));
    const one = valuesOf(swiglu(tf.tensor2d([[6]]), tf.tensor2d([[6]])))[0];
    expect(y.shape).toEqual([count, 1]);
    expect([z[0], z[1], z[count - 1]]).toEqual([one, one, one]);
    expect(z.every((value) => value === one)).toBe(true);
  });
});
