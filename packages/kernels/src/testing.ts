import { sayPhrase } from "@lathe/files";
import { expect } from "vitest";
import { FP8_BLOCK } from "./fp8-blocks.js";
import { loadNativeKernels } from "./load-native.js";
import type { NativeKernels } from "./native-kernels.js";
import { NF4_BLOCK, NF4_SCALE_GROUP, type ElementFormat, type WeightMatrix } from "./weight-matrix.js";

/** Helpers of this package's tests. */

/** A seeded generator of numbers (mulberry32). */
export class Random {
  #state: number;
  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in [least, most]. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.integer(0, items.length - 1)];
  }

  /** Normally distributed (Box and Muller). */
  normals(length: number, deviation = 1): Float32Array {
    return Float32Array.from(
      { length },
      () => deviation * Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next()),
    );
  }

  ids(length: number, below: number): Int32Array {
    return Int32Array.from({ length }, () => this.integer(0, below - 1));
  }

  /** Weights in a format, of magnitudes near 1. */
  weights(format: ElementFormat, [outputs, inputs]: readonly [number, number]): WeightMatrix {
    const length = outputs * inputs;
    const shape = [outputs, inputs] as const;
    const values = this.normals(length);
    const words = new Uint32Array(values.buffer);
    switch (format) {
      case "fp32":
        return { format, shape, codes: values, scales: null };
      case "bf16":
        return { format, shape, codes: Uint16Array.from(words, (word) => word >>> 16), scales: null };
      case "fp16":
        // Any exponent but that of infinity, small ones included.
        return {
          format,
          shape,
          codes: Uint16Array.from({ length }, () => (this.integer(0, 1) << 15) | this.integer(0, 0x43ff)),
          scales: null,
        };
      case "int8":
        return {
          format,
          shape,
          codes: Int8Array.from({ length }, () => this.integer(-127, 127)),
          scales: Float32Array.from({ length: outputs }, () => (0.5 + this.next()) / 64),
        };
      case "fp8":
        // From 0 to 2 in steps that grow with the numbers.
        return {
          format,
          shape,
          codes: Uint8Array.from({ length }, () => (this.integer(0, 1) << 7) | this.integer(0, 0x3f)),
          scales: this.normals(outputs * Math.ceil(inputs / FP8_BLOCK)).map(
            (value) => 0.5 + Math.abs(value) / 2,
          ),
        };
      case "nf4": {
        const codes = Uint8Array.from({ length: outputs * Math.ceil(inputs / 2) }, () =>
          this.integer(0, 255),
        );
        const blocks = outputs * Math.ceil(inputs / NF4_BLOCK);
        const scales = this.normals(blocks).map((value) => 0.5 + Math.abs(value));
        if (this.next() < 0.5) return { format, shape, codes, scales };
        const nested = {
          codes: Uint8Array.from({ length: blocks }, () => this.integer(0, 255)),
          scales: this.normals(Math.ceil(blocks / NF4_SCALE_GROUP)).map((value) => 0.1 + Math.abs(value)),
          map: Float32Array.from({ length: 256 }, (_, i) => (i - 127) / 128),
          offset: 1.25,
        };
        return { format, shape, codes, scales: null, nested };
      }
    }
  }
}

/**
 * Fails at the worst element when |actual − expected| exceeds its bound. NaN equals NaN, ∞ equals ∞ of its sign.
 * @param bound of all elements, or of each
 */
export function expectWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: number | ArrayLike<number>,
  what = "values",
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  let worst = -1;
  let excess = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    const allowed = typeof bound === "number" ? bound : bound[i];
    const error = Math.abs(actual[i] - expected[i]);
    const ratio = error <= allowed ? 0 : Number.isNaN(error) ? Infinity : error / allowed;
    if (ratio > excess) {
      excess = ratio;
      worst = i;
    }
  }
  if (worst < 0) return;
  const allowed = typeof bound === "number" ? bound : bound[worst];
  expect.fail(
    `${what}: element ${worst} of ${expected.length} is ${actual[worst]}, expected ${expected[worst]} within ${allowed}`,
  );
}

/** Fails at the first element whose bits differ; NaN equals NaN. (`toEqual` takes seconds on long arrays.) */
export function expectSame(actual: Float32Array, expected: Float32Array, what = "values"): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue;
    expect.fail(
      `${what}: element ${i} of ${expected.length} is ${actual[i]}, expected exactly ${expected[i]}`,
    );
  }
}

/** (f(x + h) − f(x − h)) / 2h for each element of x, which is put back. f sums in double. */
export function centralDifferences(f: () => number, x: Float32Array, h = 2 ** -10): Float32Array {
  return x.map((value, i) => {
    x[i] = value + h;
    const [above, high] = [f(), x[i]];
    x[i] = value - h;
    const [below, low] = [f(), x[i]];
    x[i] = value;
    return (above - below) / (high - low);
  });
}

/** All levels of the addon that was built and runs here, or none. */
export function nativeLevels(): NativeKernels[] {
  const loaded = loadNativeKernels();
  if ("reason" in loaded) return [];
  const wanted = process.env["LATHE_CPU_LEVEL"];
  const levels = wanted ? [loaded.kernels.level] : loaded.kernels.levels;
  return levels.map((level) => {
    const { kernels } = loadNativeKernels({ level }) as { kernels: NativeKernels };
    return kernels;
  });
}

/** For `describe.skipIf`: why native tests cannot run, or null. */
export function nativeMissing(): string | null {
  const loaded = loadNativeKernels();
  return "reason" in loaded ? sayPhrase(loaded.reason) : null;
}
