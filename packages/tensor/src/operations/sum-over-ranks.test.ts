import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  dropout,
  gradientOverRanks,
  startEngine,
  sumOverRanks,
  Tape,
  withDropout,
  withTape,
} from "../index.js";
import { enginesHere, seededFloats } from "../testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 1909);
const floats = seededFloats(SEED);

/** As if two more processes had the same, and each call is noted. */
function threefold(): { readonly sum: (values: Float32Array) => void; readonly calls: Float32Array[] } {
  const calls: Float32Array[] = [];
  return {
    calls,
    sum(values) {
      calls.push(values.slice());
      for (let i = 0; i < values.length; i++) values[i] *= 3;
    },
  };
}

describe.each(await enginesHere())(`what ranks add up on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  it("is a sum going forward alone, or going back alone", () => {
    const x: tf.Tensor2D = tf.tensor2d(floats(12), [3, 4]);
    const weights: tf.Tensor2D = tf.tensor2d(floats(12), [3, 4]);
    const [given, factors] = [x.dataSync().slice(), weights.dataSync().slice()];
    for (const [operation, forward, back] of [
      [sumOverRanks, 3, 1],
      [gradientOverRanks, 1, 3],
    ] as const) {
      const { sum, calls } = threefold();
      const tape = new Tape([x]);
      const y = withTape(tape, () => operation(x, sum));
      expect([...y.dataSync()]).toEqual([...given.map((value) => Math.fround(forward * value))]);
      expect(x.dataSync()).toEqual(given);
      tape.backward(y, weights, (_tensor, gradient) => {
        const expected = factors.map((factor) => Math.fround(back * factor));
        expect([...gradient.dataSync()]).toEqual([...expected]);
      });
      tape.dispose();
      expect(calls).toHaveLength(1);
    }
  });

  it("drops of some columns what it would of all", () => {
    const rows = 5;
    const [width, start, end] = [70, 13, 41];
    const whole: tf.Tensor2D = tf.tensor2d(floats(rows * width), [rows, width]);
    const part = tf.slice2d(whole, [0, start], [rows, end - start]);
    const key = { seed: 7, step: 3, microBatch: 1 };
    const dropped = withDropout(key, () => dropout(whole, 0.4, "place"));
    const cut = withDropout(key, () => dropout(part, 0.4, "place", { width, start }));
    const expected = tf.slice2d(dropped, [0, start], [rows, end - start]).dataSync();
    expect([...cut.dataSync()]).toEqual([...expected]);
    expect([...expected].filter((value) => value === 0).length).toBeGreaterThan(20);
    expect([...dropout(part, 0.4, "place", { width, start }).dataSync()]).toEqual([...part.dataSync()]);
  });
});
