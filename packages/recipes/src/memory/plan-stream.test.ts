import { describe, expect, it } from "vitest";
import { planStream, type StreamedStep } from "./plan-stream.js";
import type { PlacedWeightBytes } from "./weight-bytes.js";

/** Weights that are in files as they are in memory. */
const placed = (
  layers: readonly number[],
  experts: readonly number[],
  tokenShare: number,
): PlacedWeightBytes => ({ ends: 50, layers, experts, stored: { layers, experts }, tokenShare });

const step: StreamedStep = {
  weights: placed([100, 1000, 1000], [0, 0, 0], 1),
  hiddenSize: 2,
  tokens: 64,
  besides: 500,
  budgetBytes: 1e6,
  bytesPerSecond: 100,
  secondsComputing: 32,
  secondsPerByte: 0,
  spillFormat: "bf16",
};

describe("planStream", () => {
  it("holds two layers, the ends and the inputs of all layers", () => {
    const inputBytes = 64 * 4 * 2 * 4;
    const residentBytes = 500 + 50 + 2000 + inputBytes;
    expect(planStream(step)).toMatchObject({ weightBytes: 2150, inputBytes, residentBytes, fits: true });
    expect(planStream({ ...step, budgetBytes: residentBytes }).fits).toBe(true);
    expect(planStream({ ...step, budgetBytes: residentBytes - 1 })).toMatchObject({ spill: "bf16" });
  });

  it("has inputs of layers on the disk where memory does not hold them, but for two streams and what waits to be written", () => {
    const tokens = 1e6;
    const large = { ...step, tokens, hiddenSize: 64, secondsComputing: 1e6 };
    const inMemory = planStream({ ...large, budgetBytes: 1e12 });
    expect(inMemory).toMatchObject({ spill: null, spillBytes: 0, inputBytes: tokens * 64 * 4 * 4 });
    for (const spillFormat of ["bf16", "fp32"] as const) {
      const bytes = { bf16: 2, fp32: 4 }[spillFormat];
      const plan = planStream({ ...large, spillFormat });
      expect(plan).toMatchObject({ spill: spillFormat, spillBytes: tokens * 64 * 3 * bytes });
      expect(plan.inputBytes).toBe(2 * tokens * 64 * 4 + 16 * 2 ** 20);
      // Written once and read once.
      expect(plan.secondsReading).toBeCloseTo((plan.bytesPerStep + 2 * plan.spillBytes) / 100, 6);
      expect(plan.fits).toBe(false);
    }
  });

  it("reads what files hold, and widens it on the processor", () => {
    const weights = { ...placed([200, 2000, 2000], [0, 0, 0], 1), stored: step.weights };
    const plan = planStream({ ...step, weights, secondsPerByte: 0.5 });
    expect(plan).toMatchObject({ weightBytes: 4250, storedBytes: 2100, bytesPerStep: 1100 });
    expect(plan.residentBytes - plan.inputBytes).toBe(500 + 50 + 4000);
    expect(plan.secondsWidening).toBe(550);
    expect(plan.pace!.secondsPerStep).toBe(32 + 550);
    // A second machine computes half of the batches, and widens all weights.
    expect(plan.withSecondMachine!.secondsPerStep).toBe(16 + 550);
  });

  it("reads every layer forward and back but for the two at each turn, which are there", () => {
    expect(planStream(step).bytesPerStep).toBe(1000 + 100);
    const many = placed([1, 20, 300, 4000, 50000], [0, 0, 0, 0, 0], 1);
    expect(planStream({ ...step, weights: many }).bytesPerStep).toBe(54300 + 321);
  });

  it("reads of experts those that some token goes to under even routing, and holds them all", () => {
    const weights = placed([100, 1000, 1000], [0, 900, 800], 8 / 256);
    for (const tokens of [1, 16, 256]) {
      const plan = planStream({ ...step, tokens, weights });
      // The chance that none of the tokens goes to an expert.
      const missed = (248 / 256) ** tokens;
      expect(plan.expertShare).toBeCloseTo(1 - missed, 12);
      expect(plan.bytesPerStep).toBeCloseTo(1000 - missed * 800 + 100, 6);
      expect(plan.residentBytes - plan.inputBytes).toBe(500 + 50 + 2000);
    }
  });

  it("takes as long as the slower of disk and processor", () => {
    const { secondsReading, secondsComputing, pace, bytesPerStep } = planStream(step);
    expect(secondsComputing).toBe(32);
    expect(secondsReading).toBeCloseTo(bytesPerStep / 100, 9);
    expect(pace!.secondsPerStep).toBeCloseTo(Math.max(32, bytesPerStep / 100), 9);
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
    ["a mixture", placed([100, 1000, 1000], [0, 900, 800], 1 / 256)],
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
