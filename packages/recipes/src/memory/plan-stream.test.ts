import { describe, expect, it } from "vitest";
import { planStream, readBytes, type StreamedStep } from "./plan-stream.js";

const layer = { always: 100, routed: 0, tokenShare: 1 };
const mixture = { always: 40, routed: 960, tokenShare: 1 / 32 };
const step: StreamedStep = {
  weights: { ends: 50, layers: [layer, mixture, mixture] },
  hiddenSize: 2,
  tokens: 64,
  besides: 500,
  budgetBytes: 1e6,
  bytesPerSecond: 100,
  secondsComputing: (tokens) => tokens / 2,
};

describe("planStream", () => {
  it("holds two layers, the ends and the inputs of all layers, or leaves the inputs on the disk", () => {
    const inputs = 64 * 4 * 2;
    const roomy = planStream(step);
    expect(roomy).toMatchObject({ weightBytes: 2150, residentBytes: 500 + 50 + 2000 + 4 * inputs });
    expect(roomy).toMatchObject({ spilledBytes: 0, fits: true });
    const close = planStream({ ...step, budgetBytes: roomy.residentBytes - 1 });
    expect(close).toMatchObject({ residentBytes: 500 + 50 + 2000 + 2 * inputs, fits: true });
    expect(close.spilledBytes).toBe(64 * 4 * 2 * 2);
    // Written once and read once.
    expect(close.bytesPerStep - roomy.bytesPerStep).toBeCloseTo(2 * close.spilledBytes, 6);
    expect(planStream({ ...step, budgetBytes: 2000 }).fits).toBe(false);
  });

  it("reads every layer forward and back but for the last, which is there, and experts by their tokens", () => {
    const tokens = 1_000_000;
    const all = planStream({ ...step, tokens, budgetBytes: Number.POSITIVE_INFINITY });
    expect(all.bytesPerStep).toBeCloseTo(2 * 2100 - 1000, 6);
    // One token passes a share of the experts, and a second one some of the same.
    expect(readBytes(mixture, 1)).toBeCloseTo(40 + 960 / 32, 9);
    expect(readBytes(mixture, 2)).toBeCloseTo(40 + 960 * (2 / 32 - 1 / 32 ** 2), 9);
    expect(readBytes(layer, 1)).toBe(100);
  });

  it("takes as long as the slower of disk and processor, once the first layer is there", () => {
    const { secondsReading, secondsComputing, pace, bytesPerStep } = planStream(step);
    expect(secondsComputing).toBe(32);
    expect(secondsReading).toBeCloseTo(bytesPerStep / 100, 9);
    expect(pace!.secondsPerStep).toBeCloseTo(1 + Math.max(32, (bytesPerStep - 100) / 100), 9);
    expect(pace!.tokensPerHour).toBeCloseTo((3600 * 64) / pace!.secondsPerStep, 9);
    const slow = planStream({ ...step, bytesPerSecond: 10 });
    expect(slow.pace!.secondsPerStep).toBeCloseTo(slow.secondsReading!, 9);
    expect(slow.withSecondDisk!.secondsPerStep).toBeCloseTo(slow.secondsReading! / 2, 9);
    expect(slow.withSecondMachine).toEqual(slow.pace);
    const fast = planStream({ ...step, bytesPerSecond: 1e9 });
    expect(fast.withSecondMachine!.secondsPerStep).toBeCloseTo(16, 5);
    expect(fast.withSecondDisk!.secondsPerStep).toBeCloseTo(32, 5);
    expect(planStream({ ...step, bytesPerSecond: null })).toMatchObject({
      pace: null,
      secondsReading: null,
      balancedTokens: null,
    });
  });

  it("finds the tokens from which on the disk makes nobody wait", () => {
    const { balancedTokens } = planStream(step);
    const at = (tokens: number): number => {
      const { secondsReading, secondsComputing } = planStream({ ...step, tokens });
      return secondsComputing - secondsReading!;
    };
    expect(at(balancedTokens!)).toBeGreaterThanOrEqual(0);
    expect(at(balancedTokens! - 1)).toBeLessThan(0);
    // A disk that cannot keep up with the inputs that are spilled never does.
    const spilling = { ...step, budgetBytes: 0, secondsComputing: (tokens: number) => tokens / 1e6 };
    expect(planStream(spilling).balancedTokens).toBeNull();
  });
});
