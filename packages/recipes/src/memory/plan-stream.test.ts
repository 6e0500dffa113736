import { describe, expect, it } from "vitest";
import { planStream, type StreamedStep } from "./plan-stream.js";

const step: StreamedStep = {
  weights: { ends: 50, layers: [100, 1000, 1000], experts: [0, 0, 0], tokenShare: 1 },
  hiddenSize: 2,
  tokens: 64,
  besides: 500,
  budgetBytes: 1e6,
  bytesPerSecond: 100,
  secondsComputing: 32,
};

describe("planStream", () => {
  it("holds two layers, the ends and the inputs of all layers", () => {
    const inputBytes = 64 * 4 * 2 * 4;
    const residentBytes = 500 + 50 + 2000 + inputBytes;
    expect(planStream(step)).toMatchObject({ weightBytes: 2150, inputBytes, residentBytes, fits: true });
    expect(planStream({ ...step, budgetBytes: residentBytes }).fits).toBe(true);
    expect(planStream({ ...step, budgetBytes: residentBytes - 1 }).fits).toBe(false);
  });

  it("reads every layer forward and back but for the last, which is there", () => {
    expect(planStream(step).bytesPerStep).toBe(2 * 2100 - 1000);
  });

  it("reads of experts those that some token goes to under even routing, and holds them all", () => {
    const weights = { ends: 50, layers: [100, 1000, 1000], experts: [0, 900, 800], tokenShare: 8 / 256 };
    for (const tokens of [1, 16, 256]) {
      const plan = planStream({ ...step, tokens, weights });
      // The chance that none of the tokens goes to an expert.
      const missed = (248 / 256) ** tokens;
      expect(plan.expertShare).toBeCloseTo(1 - missed, 12);
      expect(plan.bytesPerStep).toBeCloseTo(2 * (2100 - missed * 1700) - (1000 - missed * 800), 6);
      expect(plan.residentBytes - plan.inputBytes).toBe(500 + 50 + 2000);
    }
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

  it.each([
    ["a dense model", step.weights],
    ["a mixture", { ends: 50, layers: [100, 1000, 1000], experts: [0, 900, 800], tokenShare: 1 / 256 }],
  ])("finds the tokens from which on the disk makes nobody wait, of %s", (_, weights) => {
    const { balancedTokens } = planStream({ ...step, weights });
    const at = (tokens: number): number => {
      const { secondsReading, secondsComputing } = planStream({
        ...step,
        weights,
        tokens,
        secondsComputing: tokens / 2,
      });
      return secondsComputing - secondsReading!;
    };
    expect(at(balancedTokens!)).toBeGreaterThanOrEqual(0);
    expect(at(balancedTokens! - 1)).toBeLessThan(0);
  });
});
