import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { activeDropoutKey, activeTape, scale, startEngine, Tape, withDropout, withTape } from "./index.js";

beforeAll(() => startEngine("cpu"));

const key = { seed: 1, step: 2, microBatch: 3 };

describe("a scope", () => {
  it("holds for its body alone, and hands back what the body gives", () => {
    const tape = new Tape();
    expect(activeTape()).toBeNull();
    expect(activeDropoutKey()).toBeNull();
    const result = withTape(tape, () =>
      withDropout(key, () => {
        expect(activeTape()).toBe(tape);
        expect(activeDropoutKey()).toBe(key);
        return 7;
      }),
    );
    expect(result).toBe(7);
    expect(activeTape()).toBeNull();
    expect(activeDropoutKey()).toBeNull();
  });

  it("leaves the other half of the enclosing one alone", () => {
    const [outer, inner] = [new Tape(), new Tape()];
    withDropout(key, () => {
      withTape(outer, () => {
        withTape(inner, () => expect(activeDropoutKey()).toBe(key));
        expect(activeTape()).toBe(outer);
        withTape(null, () => expect(activeTape()).toBeNull());
        withDropout(null, () => expect(activeTape()).toBe(outer));
        expect(activeDropoutKey()).toBe(key);
      });
    });
  });

  it("ends when its body throws", () => {
    expect(() =>
      withTape(new Tape(), () => {
        throw new Error("broken");
      }),
    ).toThrow("broken");
    expect(activeTape()).toBeNull();
  });

  it("ends when its body turns out to be asynchronous", () => {
    expect(() => withDropout(key, () => Promise.resolve())).toThrow(TypeError);
    expect(activeDropoutKey()).toBeNull();
  });

  it("without a tape records nothing: a tape outside has no gradient for it", () => {
    const x = tf.tensor1d([2]);
    const tape = new Tape([x]);
    const y = withTape(tape, () => withTape(null, () => scale(x, 3)));
    expect(tape.isTracked(y)).toBe(false);
    const parts: number[][] = [];
    tape.backward(y, tf.tensor1d([1]), (_tensor, part) => parts.push([...part.dataSync()]));
    expect(parts).toEqual([]);
  });
});

describe("what depends on what", () => {
  it("is followed from a watched tensor through every operation, and no further", () => {
    const [x, other] = [tf.tensor1d([1]), tf.tensor1d([2])];
    const tape = new Tape([x]);
    withTape(tape, () => {
      const direct = scale(x, 2);
      const far = scale(scale(direct, 2), 2);
      const apart = scale(other, 2);
      expect([x, direct, far, apart, other].map((tensor) => tape.isTracked(tensor))).toEqual([
        true,
        true,
        true,
        false,
        false,
      ]);
      expect(tape.isWatched(direct)).toBe(false);
    });
    tape.dispose();
    expect(tape.isWatched(x)).toBe(true);
  });

  it("is forgotten with the records, but for what is watched", () => {
    const x = tf.tensor1d([1]);
    const tape = new Tape([x]);
    const before = tf.memory().numTensors;
    const y = withTape(tape, () => scale(x, 2));
    tape.dispose();
    expect(tape.isTracked(y)).toBe(false);
    expect(tape.isTracked(x)).toBe(true);
    y.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
