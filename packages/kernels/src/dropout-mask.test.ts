import { expect, it } from "vitest";
import { dropoutMask } from "./dropout-mask.js";
import { threefry2x32 } from "./threefry.js";

it.each([0, 0.1, 0.5, 0.999999])(
  "rate %f: element i takes 16 bits of Threefry at counter ⌊i / 4⌋",
  (rate) => {
    const key = [0x80000001, 77] as const;
    const mask = new Float32Array(103);
    dropoutMask(mask, key, rate);
    const expected = Float32Array.from(mask, (_, i) => {
      const word = threefry2x32(key, [i >> 2, 0])[(i >> 1) & 1];
      const bits = i & 1 ? word >>> 16 : word & 0xffff;
      return bits < Math.round(rate * 65536) ? 0 : 1 / (1 - rate);
    });
    expect(mask).toEqual(expected);
  },
);

it("drops the share it is asked to, and keeps the mean", () => {
  const mask = new Float32Array(400_000);
  dropoutMask(mask, [1, 2], 0.1);
  const dropped = mask.reduce((count, factor) => count + (factor === 0 ? 1 : 0), 0) / mask.length;
  // Five standard deviations of a binomial share.
  expect(Math.abs(dropped - 0.1)).toBeLessThan(5 * Math.sqrt((0.1 * 0.9) / mask.length));
});

it("a longer mask begins with the shorter one", () => {
  const [short, long] = [new Float32Array(10), new Float32Array(50)];
  dropoutMask(short, [3, 4], 0.3);
  dropoutMask(long, [3, 4], 0.3);
  expect(long.subarray(0, 10)).toEqual(short);
});
