import { describe, expect, it } from "vitest";
import { predictStep } from "./scaling-model.js";

const constants = { secondsPerMicroBatch: 2, microBatches: 64, gradientBytes: 10e6, calls: 4 };
const gigabit = { bytesPerSecond: 125e6, secondsPerCall: 1e-4 };

describe("predictStep", () => {
  it("is the micro-batches alone on one rank", () => {
    expect(predictStep(constants, gigabit, 1)).toEqual({
      ranks: 1,
      seconds: 128,
      collectiveSeconds: 0,
      speedUp: 1,
    });
  });

  it("sends on two ranks what the gradients have, and on many nearly twice as much", () => {
    expect(predictStep(constants, gigabit, 2).collectiveSeconds).toBeCloseTo(10e6 / 125e6 + 4e-4, 9);
    expect(predictStep(constants, gigabit, 64).collectiveSeconds).toBeCloseTo(
      (2 * 63 * 10e6) / 64 / 125e6 + 24e-4,
      9,
    );
  });

  it("is never more than so many times as fast, and waits for the rank with one micro-batch more", () => {
    for (let ranks = 1; ranks <= 64; ranks++) {
      expect(predictStep(constants, gigabit, ranks).speedUp).toBeLessThanOrEqual(ranks);
    }
    const three = predictStep({ ...constants, microBatches: 4 }, gigabit, 3);
    expect(three.seconds - three.collectiveSeconds).toBeCloseTo(4, 9);
  });
});
