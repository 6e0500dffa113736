import { dropoutMask, threefry2x32 } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  dropout,
  type DropoutKey,
  fromTfjs,
  recompute,
  startEngine,
  valueAndGradients,
  withDropout,
} from "../index.js";
import { enginesHere } from "../testing.js";
import { dropoutMaskKey } from "./dropout.js";

/** FNV-1a of 32 bits for texts of its authors' list of test vectors (draft-eastlake-fnv, appendix C). */
const fnv1a: readonly (readonly [text: string, hash: number])[] = [
  ["", 0x811c9dc5],
  ["a", 0xe40c292c],
  ["b", 0xe70c2de5],
  ["foob", 0x3f5076ef],
  ["fooba", 0x39aaa18a],
  ["foobar", 0xbf9cf968],
];

const key: DropoutKey = { seed: 11, step: 5, microBatch: 2 };
const ones = (count: number): tf.Tensor1D => tf.ones([count]);
const maskOf = (site: string, rate: number, count: number, of: DropoutKey = key): Float32Array =>
  withDropout(of, () => dropout(ones(count), rate, site).dataSync<"float32">().slice());
const kept = (mask: Float32Array): number => mask.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);

/** Standard deviations that a count may be from its mean: one in two million samples is further. */
const DEVIATIONS = 5;

function expectShare(count: number, of: number, share: number): void {
  const deviation = Math.sqrt(of * share * (1 - share));
  expect(Math.abs(count - of * share)).toBeLessThan(DEVIATIONS * deviation);
}

describe("the key of a mask", () => {
  it.each(fnv1a)(
    "of the place %j is folded from run, step, micro-batch and the hash of its name",
    (site, hash) => {
      const run = threefry2x32([key.seed, 0], [key.step, key.microBatch]);
      expect(withDropout(key, () => dropoutMaskKey(site))).toEqual(threefry2x32(run, [hash, 0]));
    },
  );

  it("takes seeds of more than 32 bits with both words", () => {
    const keys = [1, 2 ** 32 + 1, 2 ** 40 + 1].map((seed) =>
      withDropout({ ...key, seed }, () => dropoutMaskKey("place")!.join()),
    );
    expect(new Set(keys).size).toBe(3);
    const run = threefry2x32([1, 2 ** 8], [key.step, key.microBatch]);
    const folded = threefry2x32(run, [0xe40c292c, 0]);
    expect(withDropout({ ...key, seed: 2 ** 40 + 1 }, () => dropoutMaskKey("a"))).toEqual(folded);
  });

  it("is none outside of training", () => {
    expect(dropoutMaskKey("place")).toBeNull();
    expect(withDropout(key, () => withDropout(null, () => dropoutMaskKey("place")))).toBeNull();
  });
});

describe.each(await enginesHere())("dropout on %s", (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  it.each([1, 2, 3, 4, 5, 31, 1023])("has the bits of the reference's mask, %i numbers", (count) => {
    const expected = new Float32Array(count);
    dropoutMask(
      expected,
      withDropout(key, () => dropoutMaskKey("place"))!,
      0.25,
    );
    expect(maskOf("place", 0.25, count)).toEqual(expected);
  });

  it.each([0.001, 0.1, 0.5, 0.9, 0.999])("keeps the share 1 − %f and its mean of 1", (rate) => {
    const count = 200_000;
    const mask = maskOf("share", rate, count);
    expectShare(kept(mask), count, 1 - rate);
    const factors = new Set(mask);
    factors.delete(0);
    expect([...factors]).toEqual([Math.fround(1 / (1 - rate))]);
  });

  it("drops every place of a row as often as any other", () => {
    const [rows, width, rate] = [4000, 16, 0.3];
    const mask = maskOf("rows", rate, rows * width);
    for (let column = 0; column < width; column++) {
      let count = 0;
      for (let row = 0; row < rows; row++) if (mask[row * width + column] !== 0) count++;
      expectShare(count, rows, 1 - rate);
    }
  });

  it("draws masks of other places, steps, micro-batches and seeds that have nothing to do with each other", () => {
    const [count, rate] = [100_000, 0.5];
    const first = maskOf("a", rate, count);
    for (const other of [
      maskOf("b", rate, count),
      maskOf("a", rate, count, { ...key, step: key.step + 1 }),
      maskOf("a", rate, count, { ...key, microBatch: key.microBatch + 1 }),
      maskOf("a", rate, count, { ...key, seed: key.seed + 1 }),
      // Step and micro-batch are words of their own: one up and the other down is another key.
      maskOf("a", rate, count, { ...key, step: key.microBatch, microBatch: key.step }),
    ]) {
      const same = first.reduce((sum, value, i) => sum + (value === other[i] ? 1 : 0), 0);
      expectShare(same, count, 0.5);
    }
  });

  it("has neighbours that do not hang together", () => {
    const count = 100_000;
    const mask = maskOf("neighbours", 0.5, count);
    for (const lag of [1, 2, 4, 8, 64]) {
      let same = 0;
      for (let i = 0; i + lag < count; i++) if (mask[i] === mask[i + lag]) same++;
      expectShare(same, count - lag, 0.5);
    }
  });

  it("begins a long mask as a short one: what is drawn depends on the place alone", () => {
    const long = maskOf("long", 0.4, 1000);
    for (const count of [1, 7, 64, 999]) expect(maskOf("long", 0.4, count)).toEqual(long.slice(0, count));
  });

  it("takes shapes as they come: a matrix has the mask of its numbers in a row", () => {
    const flat = maskOf("shape", 0.4, 60);
    const matrix = withDropout(key, () => dropout(tf.ones([5, 3, 4]), 0.4, "shape"));
    expect(matrix.shape).toEqual([5, 3, 4]);
    expect(matrix.dataSync()).toEqual(flat);
  });

  it("after another has the product of both masks, and its gradient too", () => {
    const x = ones(500);
    const body = (): tf.Tensor1D => dropout(dropout(x, 0.3, "first"), 0.2, "second");
    const [first, second] = [maskOf("first", 0.3, 500), maskOf("second", 0.2, 500)];
    const expected = first.map((value, i) => value * second[i]);
    expect(withDropout(key, () => body().dataSync())).toEqual(expected);
    const total = fromTfjs((y) => tf.sum<tf.Scalar>(y));
    const { gradients } = withDropout(key, () => valueAndGradients(() => total(body()), [x]));
    expect(gradients[0]!.dataSync()).toEqual(expected);
  });

  it("draws the same in a block that is computed again, though the scope has ended by then", () => {
    const x = ones(300);
    const total = fromTfjs((y) => tf.sum<tf.Scalar>(tf.square(y)));
    const gradientOf = (again: boolean): Float32Array => {
      const { gradients } = valueAndGradients(
        () =>
          withDropout(key, () =>
            total(again ? recompute((y) => dropout(y, 0.5, "block"), x) : dropout(x, 0.5, "block")),
          ),
        [x],
      );
      return gradients[0]!.dataSync<"float32">();
    };
    expect(gradientOf(true)).toEqual(gradientOf(false));
  });

  it("turns what is not finite into zero or leaves it so: a dropped infinity is NaN, as 0 · ∞ is", () => {
    const mask = maskOf("finite", 0.5, 64);
    const y = withDropout(key, () => dropout(tf.fill([64], Infinity), 0.5, "finite").dataSync());
    for (let i = 0; i < 64; i++) expect(y[i]).toBe(mask[i] === 0 ? NaN : Infinity);
  });
});
