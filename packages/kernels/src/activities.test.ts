import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { activities, type ActivitySamples } from "./activities.js";
import { nativeLevels, nativeMissing, Random } from "./testing.js";

const all = ({ threads: _threads, ...counts }: ActivitySamples): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

describe.skipIf(nativeMissing() !== null)("samples of what threads do", () => {
  const [kernels] = nativeLevels();
  const random = new Random(3);
  const weight = random.weights("int8", [512, 512]);
  const x = random.normals(64 * 512);
  const y = new Float32Array(64 * 512);

  /** Takes samples until there are so many, or for ten seconds. */
  function samplesOf(run: () => void, wanted = 200): ActivitySamples {
    const seen: Record<string, number> = {};
    const end = performance.now() + 10_000;
    let total = 0;
    while (total < wanted && performance.now() < end) {
      kernels.startSamples(100);
      const stop = performance.now() + 50;
      while (performance.now() < stop) run();
      const samples = kernels.stopSamples();
      for (const [name, count] of Object.entries(samples)) {
        seen[name] = name === "threads" ? count : (seen[name] ?? 0) + count;
      }
      total = all(seen as unknown as ActivitySamples);
    }
    return seen as unknown as ActivitySamples;
  }

  it("have a count for each activity, and nothing where none were begun", () => {
    const samples = kernels.stopSamples();
    expect(Object.keys(samples)).toEqual(["threads", ...activities]);
    expect(all(samples)).toBe(0);
  });

  it("see products and the packing for them while products are computed", () => {
    const samples = samplesOf(() => {
      kernels.linear(x, weight, null, y, { precision: "fp32" });
    });
    expect(samples.threads).toBeGreaterThanOrEqual(1);
    expect(samples.product).toBeGreaterThan(0);
    expect(samples.weights).toBeGreaterThan(0);
    expect(samples.attention + samples.head + samples.optimiser).toBe(0);
  });

  it("see JavaScript where no kernel runs", () => {
    let sum = 0;
    const samples = samplesOf(() => {
      for (let i = 0; i < 1e5; i++) sum += i;
    });
    expect(sum).toBeGreaterThan(0);
    expect(samples.outside).toBeGreaterThan(0);
    expect(samples.product).toBe(0);
  });

  it("see norms as what is done element by element", () => {
    const gain = random.normals(512);
    const samples = samplesOf(() => {
      kernels.rmsNormForward(x, gain, y, 1e-6);
    });
    expect(samples.elementwise).toBeGreaterThan(0);
    expect(samples.product).toBe(0);
  });

  it("begin once, and end in any order with waiting", async () => {
    kernels.startSamples(1000);
    kernels.startSamples(1000);
    await setTimeout(20);
    expect(all(kernels.stopSamples())).toBeGreaterThan(0);
    expect(all(kernels.stopSamples())).toBe(0);
  });

  it("refuse an interval of nothing", () => {
    expect(() => {
      kernels.startSamples(0);
    }).toThrow(/microseconds/);
  });
});
