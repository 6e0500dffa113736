import { describe, expect, it } from "vitest";
import { StallWatch } from "./loss-stall.js";
import { resolveTrainConfig, type TrainConfig } from "./train-config.js";

/** Noise of two values in turn. */
const flat = (step: number): number => 3 + (step % 2 === 0 ? 0.1 : -0.1);

interface Numbers {
  readonly loss?: (step: number) => number;
  readonly gradNorm?: number;
  readonly learningRate?: number;
  readonly config?: Partial<TrainConfig>;
}

/** What is found at which step of a run. */
function looks(
  steps: number,
  { loss = flat, gradNorm = 0.5, learningRate = 3e-5, config = {} }: Numbers = {},
) {
  const watch = new StallWatch(resolveTrainConfig(config), steps);
  return Array.from({ length: steps }, (_, index) => {
    const step = index + 1;
    return [step, watch.note({ step, loss: loss(step), gradNorm, learningRate })] as const;
  }).filter(([, found]) => found !== undefined);
}

const adviceOf = (numbers: Numbers) => looks(60, numbers).map(([, found]) => found?.advice)[0];

describe("StallWatch", () => {
  it("looks 50 steps after the warm-up, then after twice as many, and at the end", () => {
    expect(looks(270).map(([step]) => step)).toEqual([50, 100, 200, 270]);
    expect(looks(270, { config: { warmupSteps: 30 } }).map(([step]) => step)).toEqual([80, 130, 230, 270]);
    expect(looks(24).map(([step]) => step)).toEqual([24]);
    expect(looks(19)).toEqual([]);
  });

  it("tells the run's own numbers", () => {
    const found = looks(50, { gradNorm: 4, learningRate: 2e-5 })[0][1]!;
    expect(found).toMatchObject({ steps: 25, gradNorm: 4, clippedShare: 1, learningRate: 2e-5 });
    expect(found.firstLoss).toBeCloseTo(3 - 0.1 / 25, 10);
    expect(found.lastLoss).toBeCloseTo(3 + 0.1 / 25, 10);
  });

  it("advises by rate, clipping and gradients, and of a loss that rises, first of all to go slower", () => {
    expect(adviceOf({})).toEqual(["raise-rate"]);
    expect(adviceOf({ gradNorm: 4 })).toEqual(["raise-rate", "raise-clipping"]);
    expect(adviceOf({ gradNorm: 4, config: { maxGradNorm: 0 } })).toEqual(["raise-rate"]);
    expect(adviceOf({ learningRate: 1e-4 })).toEqual(["check-rows"]);
    expect(adviceOf({ gradNorm: 0 })).toEqual(["check-targets"]);
    expect(adviceOf({ loss: (step) => flat(step) + step / 50 })).toEqual(["lower-rate"]);
  });

  it("says nothing of a loss that has fallen once", () => {
    const falling = (step: number): number => flat(step) - Math.min(step, 40) / 40;
    expect(looks(400, { loss: falling })).toEqual([]);
  });

  it("takes back what it found when the loss falls after all", () => {
    const late = (step: number): number => flat(step) - (step > 60 ? 1 : 0);
    expect(looks(400, { loss: late }).map(([step, found]) => [step, found === null])).toEqual([
      [50, false],
      [100, true],
    ]);
  });

  it("leaves out steps that are not finite, as reports and as lines of a file have them", () => {
    const run = (bad: unknown) => {
      const watch = new StallWatch(resolveTrainConfig(), 400);
      return Array.from({ length: 400 }, (_, index) => {
        const step = index + 1;
        const loss = step % 7 === 0 ? bad : flat(step);
        return watch.note({ step, loss, gradNorm: 1, learningRate: 1e-5 });
      });
    };
    expect(run(NaN)).toEqual(run(null));
    expect(run(NaN).filter((found) => found?.advice[0] === "raise-rate").length).toBeGreaterThan(1);
  });
});
