import { describe, expect, it } from "vitest";
import { adamW } from "./adamw.js";
import { adamW8bit } from "./adamw-8bit.js";
import { dynamicCode } from "./dynamic-code.js";
import { emptyMoment, MOMENT_BLOCK } from "./packed-moment.js";

const SEED = Number(process.env["TEST_SEED"] ?? 8);
function floats(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * 2 - 1;
  };
}

describe.each([true, false])(`dynamicCode, signed %s (seed ${SEED})`, (isSigned) => {
  const { values, middles, starts, encode } = dynamicCode(isSigned);

  it("has 256 values from its least to 1, with 0 among them, as bitsandbytes makes them", () => {
    expect(values).toHaveLength(256);
    expect(new Set(values).size).toBe(256);
    expect([...values]).toEqual([...values].sort((a, b) => a - b));
    expect(values[255]).toBe(1);
    expect(values.includes(0)).toBe(true);
    // create_dynamic_map: the smallest exponent has one fraction where there is a sign, and two where there is none.
    const least = values.filter((value) => value > 0)[0];
    expect(least).toBeCloseTo(isSigned ? 0.55e-6 : 0.325e-6, 12);
    expect(values[254]).toBeCloseTo(1 - 0.9 / (isSigned ? 128 : 256), 6);
    if (isSigned) expect(values[0]).toBeCloseTo(-(1 - 0.9 / 128), 6);
    else expect(values[0]).toBe(0);
  });

  it("has at most one middle among numbers with the same upper half of their bits, whose first and last it stores as such", () => {
    const bits = new Uint32Array(1);
    const float = new Float32Array(bits.buffer);
    for (let upper = 0; upper < 65_536; upper++) {
      for (const lower of [0, 0xffff]) {
        bits[0] = (upper << 16) | lower;
        const [x] = float;
        if (Number.isNaN(x)) continue;
        const index = middles.findIndex((middle) => x <= middle);
        if (encode(x) === index && index - starts[upper] <= 1) continue;
        expect.fail(`${x} is number ${index}, found as ${encode(x)} from ${starts[upper]} on`);
      }
    }
  });

  it("finds the nearest value of every number, and each value itself", () => {
    const next = floats(SEED);
    values.forEach((value, index) => expect(encode(value)).toBe(index));
    for (let n = 0; n < 20_000; n++) {
      const magnitude = 10 ** (-8 * Math.abs(next())) * (isSigned && next() < 0 ? -1 : 1);
      const x = Math.fround(magnitude);
      const found = Math.abs(values[encode(x)] - x);
      const nearest = values.reduce((least, value) => Math.min(least, Math.abs(value - x)), Infinity);
      // A number in the very middle may go to either side.
      expect(found, String(x)).toBeLessThanOrEqual(nearest * (1 + 1e-6));
    }
  });
});

describe(`adamW8bit (seed ${SEED})`, () => {
  const settings = { learningRate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 };

  it("does the first step as AdamW does, bit for bit: the moments are rounded after it", () => {
    const next = floats(SEED);
    const length = MOMENT_BLOCK + 37;
    const start = Float32Array.from({ length }, next);
    const gradient = Float32Array.from({ length }, next);
    const [plain, packed] = [start.slice(), start.slice()];
    const step = { ...settings, step: 1, gradientScale: 0.5 };
    const [m, v] = [new Float32Array(length), new Float32Array(length)];
    adamW([{ parameter: plain, gradient, first: m, second: v }], step);
    const moments = { first: emptyMoment(length, "first"), second: emptyMoment(length, "second") };
    adamW8bit([{ parameter: packed, gradient, ...moments }], step);
    expect(packed).toEqual(plain);
  });

  it("stays near AdamW over many steps of noisy gradients of sizes that differ tenfold", () => {
    const next = floats(SEED);
    const length = 2 * MOMENT_BLOCK;
    const sizes = Float32Array.from({ length }, () => 10 ** -Math.abs(next()));
    const [plain, packed] = [new Float32Array(length), new Float32Array(length)];
    const [m, v] = [new Float32Array(length), new Float32Array(length)];
    const [first, second] = [emptyMoment(length, "first"), emptyMoment(length, "second")];
    for (let step = 1; step <= 60; step++) {
      const gradient = sizes.map((size) => size * (0.5 + next()));
      adamW([{ parameter: plain, gradient, first: m, second: v }], { ...settings, step });
      adamW8bit([{ parameter: packed, gradient, first, second }], { ...settings, step });
    }
    const moved = Math.hypot(...plain);
    const apart = Math.hypot(...plain.map((value, i) => value - packed[i]));
    // A second moment a hundred times below its block's largest is stored with an error of up to 14 %, its root with 7 %.
    expect(apart / moved).toBeLessThan(0.05);
  });

  it("never makes a step larger than AdamW's by forgetting a small second moment", () => {
    // One element a million times smaller than its neighbour: its second moment is 1e-12 of the block's largest.
    const gradient = Float32Array.of(1, 1e-6);
    const parameter = new Float32Array(2);
    const [first, second] = [emptyMoment(2, "first"), emptyMoment(2, "second")];
    for (let step = 1; step <= 50; step++) {
      const before = parameter[1];
      adamW8bit([{ parameter, gradient, first, second }], { ...settings, weightDecay: 0, step });
      expect(Math.abs(parameter[1] - before)).toBeLessThan(settings.learningRate * 1.01);
    }
    expect(Math.abs(parameter[0] + 0.5)).toBeLessThan(0.01);
  });

  it("leaves a parameter without length, and one whose gradient is 0, as it is", () => {
    const tensors = [[], [3]].map((values) => ({
      parameter: Float32Array.from(values),
      gradient: new Float32Array(values.length),
      first: emptyMoment(values.length, "first"),
      second: emptyMoment(values.length, "second"),
    }));
    adamW8bit(tensors, { ...settings, weightDecay: 0, step: 1 });
    const [, { parameter }] = tensors;
    expect(parameter[0]).toBe(3);
  });
});
