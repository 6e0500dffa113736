import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  apply,
  fromTfjs,
  linear,
  type Operation,
  recompute,
  rmsNorm,
  scale,
  startEngine,
  swiglu,
  Tape,
  valueAndGradients,
  withTape,
} from "./index.js";
import type { Kept } from "./kept.js";
import { enginesHere, seededFloats } from "./testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 2711);
const floats = seededFloats(SEED);
const total = fromTfjs((x) => tf.sum(x));

/** Something kept that counts how often it is given back. */
class Counted implements Kept {
  disposals = 0;
  dispose(): void {
    this.disposals++;
  }
}

/** x times 1, which keeps what it is told to. */
const keepingOperation: Operation<{ readonly kept: Kept; readonly throws?: boolean }> = {
  name: "keeping",
  forward: ([x], { kept }) => ({ output: tf.mul(x, 1), saved: [kept] }),
  pullback(gradient, _saved, { throws }) {
    if (throws) throw new Error("pullback broke");
    return [gradient.clone()];
  },
};

const tensors = (): number => tf.memory().numTensors;

describe.each(await enginesHere())(`a tape on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  it("gives back what its records keep when it is disposed without a backward pass", () => {
    const [x, w] = [tf.tensor2d(floats(6), [2, 3]), tf.tensor2d(floats(12), [4, 3])];
    const before = tensors();
    const tape = new Tape([w]);
    withTape(tape, () =>
      tf.tidy(() => total(swiglu(linear(x, w, null, "OI"), linear(x, w, null, "OI")))),
    ).dispose();
    expect(tensors()).toBeGreaterThan(before);
    tape.dispose();
    tape.dispose();
    expect(tensors()).toBe(before);
    tf.dispose([x, w]);
  });

  it("frees record after record as it walks back: what is kept never grows in the backward pass", () => {
    const layers = 12;
    const weights = Array.from({ length: layers }, () => tf.tensor2d(floats(16), [4, 4]));
    const x = tf.tensor2d(floats(8), [2, 4]);
    const tape = new Tape(weights);
    const value = withTape(tape, () =>
      tf.tidy(() => {
        let y = x;
        for (const weight of weights) y = linear(y, weight, null, "OI");
        return total(y);
      }),
    );
    const counts: number[] = [];
    const one = tf.onesLike(value);
    tape.backward(value, one, () => counts.push(tensors()));
    expect(counts).toHaveLength(layers);
    for (let i = 1; i < layers; i++) expect(counts[i], String(counts)).toBeLessThanOrEqual(counts[i - 1]);
    expect(counts[layers - 1]).toBeLessThan(counts[0]);
    tf.dispose([value, one, x, ...weights]);
  });

  it("keeps nothing of what does not depend on a watched tensor", () => {
    const [frozen, watched] = [tf.tensor2d(floats(9), [3, 3]), tf.tensor2d(floats(9), [3, 3])];
    const tape = new Tape([watched]);
    const before = tensors();
    withTape(tape, () => tf.tidy(() => void rmsNorm(linear(frozen, frozen), tf.ones([3]), 1e-5)));
    expect(tensors()).toBe(before);
    expect(tape.isTracked(frozen)).toBe(false);
    tape.dispose();
    tf.dispose([frozen, watched]);
  });

  it("owns a kept object until its record is passed, is thrown at, or the tape ends: each once", () => {
    const x = tf.tensor1d([1, 2]);
    const run = (throws: boolean): { kept: Counted; tape: Tape; y: tf.Tensor } => {
      const kept = new Counted();
      const tape = new Tape([x]);
      const y = withTape(tape, () => apply(keepingOperation, [x], { kept, throws }));
      expect(kept.disposals).toBe(0);
      return { kept, tape, y };
    };
    const ended = run(false);
    ended.tape.dispose();
    const passed = run(false);
    passed.tape.backward(passed.y, tf.onesLike(passed.y), () => undefined);
    const failed = run(true);
    expect(() => {
      failed.tape.backward(failed.y, tf.onesLike(failed.y), () => undefined);
    }).toThrow("pullback broke");
    for (const { kept, tape } of [ended, passed, failed]) {
      tape.dispose();
      expect(kept.disposals).toBe(1);
    }
  });

  it("tells an operation that nothing is needed where no tape records, or nothing of it is watched", () => {
    const x = tf.tensor1d([1, 2]);
    const told: boolean[][] = [];
    const telling: Operation<null> = {
      name: "telling",
      forward([of, other], _attributes, needed) {
        told.push([...needed]);
        return { output: tf.add(of, other), saved: [] };
      },
      pullback: (gradient, _saved, _attributes, needed) =>
        needed.map((wanted) => (wanted ? gradient.clone() : null)),
    };
    const watched = tf.tensor1d([3, 4]);
    apply(telling, [x, watched], null);
    const tape = new Tape([watched]);
    withTape(tape, () => {
      apply(telling, [x, x], null);
      const both = apply(telling, [x, watched], null);
      apply(telling, [both, x], null);
    });
    tape.dispose();
    expect(told).toEqual([
      [false, false],
      [false, false],
      [false, true],
      [true, false],
    ]);
  });

  it("tells who asked when all that came after is passed, in the order of the walk, and also when it ends early", () => {
    const x = tf.tensor1d([2]);
    const said: string[] = [];
    const record = (): { tape: Tape; y: tf.Tensor } => {
      const tape = new Tape([x]);
      const y = withTape(tape, () => {
        tape.whenPassed(() => said.push("first"));
        const a = scale(x, 2);
        tape.whenPassed(() => said.push("second"));
        return scale(a, 3);
      });
      return { tape, y };
    };
    const walked = record();
    walked.tape.backward(walked.y, tf.onesLike(walked.y), (_x, part) =>
      said.push(String(part.dataSync()[0])),
    );
    expect(said).toEqual(["second", "6", "first"]);
    said.length = 0;
    record().tape.dispose();
    expect(said.sort()).toEqual(["first", "second"]);
  });

  it("lends parts of gradients: what an accumulator does not clone is gone afterwards", () => {
    const x = tf.tensor1d([1, 2]);
    const tape = new Tape([x]);
    const y = withTape(tape, () => scale(x, 2));
    let lent: tf.Tensor | null = null;
    tape.backward(y, tf.onesLike(y), (_watched, part) => (lent = part));
    expect(lent!.isDisposed).toBe(true);
  });

  it("gives each of many uses its part, whose sum is the gradient, and holds one sum at a time further back", () => {
    const uses = 40;
    const x = tf.tensor1d([1, -1]);
    const tape = new Tape([x]);
    const value = withTape(tape, () =>
      tf.tidy(() => {
        const base = scale(x, 1);
        let sum = scale(base, 1);
        for (let i = 1; i < uses; i++) sum = add(sum, scale(base, 1));
        return total(sum);
      }),
    );
    const parts: number[][] = [];
    tape.backward(value, tf.onesLike(value), (_watched, part) => parts.push([...part.dataSync()]));
    expect(parts).toEqual([[uses, uses]]);
  });

  it("has the blocks that are computed again give back all they made, however deep they are nested", () => {
    const w = tf.tensor2d(floats(9), [3, 3]);
    const x = tf.tensor2d(floats(6), [2, 3]);
    const nested = (depth: number, of: tf.Tensor2D): tf.Tensor2D =>
      depth === 0
        ? linear(of, w)
        : recompute<tf.Tensor2D>((inner) => nested(depth - 1, linear(inner as tf.Tensor2D, w)), of);
    const before = tensors();
    const kept: number[] = [];
    for (const depth of [0, 1, 2, 5]) {
      const tape = new Tape([w]);
      const value = withTape(tape, () => tf.tidy(() => total(nested(depth, x))));
      kept.push(tensors() - before);
      const one = tf.onesLike(value);
      tape.backward(value, one, () => undefined);
      tf.dispose([value, one]);
      expect(tensors()).toBe(before);
    }
    // The outermost block keeps its input alone, so depth costs nothing while the tape waits.
    expect(kept[2]).toBe(kept[1]);
    expect(kept[3]).toBe(kept[1]);
    tf.dispose([w, x]);
  });

  it("hands out a gradient for a watched tensor that is the value itself", () => {
    const x = tf.scalar(3);
    const { value, gradients } = valueAndGradients(() => x, [x]);
    expect([value.dataSync()[0], gradients[0]!.dataSync()[0]]).toEqual([3, 1]);
  });

  it("asks of two tapes one within the other each for its own", () => {
    const [a, b] = [tf.tensor1d([2]), tf.tensor1d([5])];
    const inner = new Tape([b]);
    const outer = new Tape([a]);
    const ofOuter = withTape(outer, () => {
      const first = scale(a, 3);
      const ofInner = withTape(inner, () => scale(b, 7));
      inner.backward(ofInner, tf.onesLike(ofInner), (tensor, part) => {
        expect(tensor).toBe(b);
        expect(part.dataSync()[0]).toBe(7);
      });
      return first;
    });
    const seen: number[] = [];
    outer.backward(ofOuter, tf.onesLike(ofOuter), (tensor, part) => {
      expect(tensor).toBe(a);
      seen.push(part.dataSync()[0]);
    });
    expect(seen).toEqual([3]);
  });
});
