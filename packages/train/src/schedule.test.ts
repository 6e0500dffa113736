import { describe, expect, it } from "vitest";
import { namedSchedule, type ScheduleName, scheduleNames } from "./schedule.js";

const course = (schedule: ScheduleName, warmupSteps: number, steps: number): number[] =>
  Array.from({ length: steps }, (_, i) =>
    namedSchedule({ schedule, learningRate: 2, warmupSteps })(i + 1, steps),
  );

describe("namedSchedule", () => {
  it.each(scheduleNames)("%s rises in a line from 0 and reaches its peak after the warm-up", (schedule) => {
    const rates = course(schedule, 4, 10);
    expect(rates.slice(0, 5)).toEqual([0, 0.5, 1, 1.5, 2]);
  });

  it.each(["cosine", "linear"] as const)(
    "%s falls from its peak towards 0 and is half way in the middle",
    (schedule) => {
      const rates = course(schedule, 0, 100);
      expect(rates[0]).toBe(2);
      expect(rates[50]).toBeCloseTo(1, 12);
      for (let i = 1; i < rates.length; i++) expect(rates[i]).toBeLessThan(rates[i - 1]);
      expect(namedSchedule({ schedule, learningRate: 2, warmupSteps: 0 })(101, 100)).toBeCloseTo(0, 12);
    },
  );

  it("constant stays", () => {
    expect(new Set(course("constant", 0, 7))).toEqual(new Set([2]));
  });

  it("is never outside [0, peak], also when the warm-up is longer than the run", () => {
    for (const schedule of scheduleNames) {
      for (const rate of course(schedule, 20, 10)) {
        expect(rate).toBeGreaterThanOrEqual(0);
        expect(rate).toBeLessThanOrEqual(2);
      }
    }
  });
});
