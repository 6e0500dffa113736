import { describe, expect, it } from "vitest";
import { compareTraining, summariseRounds, trainTable } from "./compare-training.js";
import type { LatheTrainOutcome, TrainOutcome } from "./train-job.js";

const outcome = (
  seconds: readonly number[],
  tokens: number,
  peak: number,
): TrainOutcome & { startedAt: number } => ({
  startedAt: 0,
  steps: seconds.map((value) => ({ seconds: value, tokens })),
  firstLoss: 8.5,
  lastLoss: 8.25,
  trainableParameters: 10,
  peakResidentBytes: peak,
});
const lathe = (seconds: readonly number[]): LatheTrainOutcome => ({
  ...outcome(seconds, 100, 2 ** 20),
  engine: "native",
  engineDescription: "C++",
  precision: "fp32",
  profile: null,
  checkpointing: "none",
  peakTensorBytes: 0,
  modelResidentBytes: 0,
});

describe("summariseRounds", () => {
  it("pools the steps of all rounds and takes the largest peak", () => {
    const summary = summariseRounds("a", [outcome([1, 2], 100, 5), outcome([4], 100, 7)], 2);
    expect(summary).toMatchObject({
      tokensPerSecond: 50,
      peakResidentBytes: 7,
      step: { repeats: 3, median: 2 },
    });
  });

  it("takes the median of speeds, where steps have different lengths", () => {
    const steps = [
      { seconds: 1, tokens: 100 },
      { seconds: 1, tokens: 300 },
      { seconds: 4, tokens: 800 },
    ];
    expect(summariseRounds("a", [{ ...outcome([], 0, 1), steps }], 0).tokensPerSecond).toBe(200);
  });
});

describe("compareTraining", () => {
  const comparison = compareTraining(
    [lathe([1])],
    [
      { name: "fp32", rounds: [{ outcome: outcome([4], 100, 4 * 2 ** 20) }] },
      { name: "bf16", rounds: [{ outcome: outcome([2], 100, 2 * 2 ** 20) }] },
      { name: "bf16-compiled", rounds: [{ outcome: outcome([1], 100, 1) }, { failure: "no g++" }] },
    ],
    1,
  );

  it("gives ratios to every peer that was measured, and names the fastest", () => {
    expect(comparison.ratios).toEqual([
      { peer: "fp32", speed: 4, memory: 0.25 },
      { peer: "bf16", speed: 2, memory: 0.5 },
    ]);
    expect(comparison.fastestPeer).toBe("bf16");
  });

  it("shows what failed, and no columns that compare without peers", () => {
    const table = trainTable(comparison);
    expect(table.rows.map(([name]) => name)).toEqual([
      "Lathe",
      "PyTorch fp32",
      "PyTorch bf16, the fastest",
      "PyTorch bf16-compiled: no g++",
    ]);
    expect(new Set(table.rows.map((row) => row.length))).toEqual(new Set([table.columns.length]));
    const alone = trainTable(compareTraining([lathe([1])], [], 1));
    expect(alone.columns).not.toContain("Lathe's speed");
    expect(alone.rows).toHaveLength(1);
  });
});
