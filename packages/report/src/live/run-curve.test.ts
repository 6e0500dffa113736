import { describe, expect, it } from "vitest";
import { RunCurve } from "./run-curve.js";

const stepsOf = (curve: RunCurve): number[] => curve.since(null).points.map(({ step }) => step as number);

describe("a curve of a run", () => {
  it("holds every step while there are few", () => {
    const curve = new RunCurve(8);
    for (let step = 1; step <= 8; step++) curve.add({ step, loss: step });
    expect(stepsOf(curve)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(curve.generation).toBe(0);
  });

  it("of any length keeps to its bound, ends with the last step, and has the mean of all steps", () => {
    for (const steps of [9, 16, 17, 1000, 100_003]) {
      const curve = new RunCurve(8);
      for (let step = 1; step <= steps; step++) curve.add({ step, loss: step });
      const { points } = curve.since(null);
      expect(points.length).toBeLessThanOrEqual(8);
      expect(points.length).toBeGreaterThan(4);
      expect(points.at(-1)!["step"]).toBe(steps);
      // Each point is the mean of the whole numbers between the last point's step and its own.
      let before = 0;
      for (const { step, loss } of points as { step: number; loss: number }[]) {
        expect(loss / ((before + 1 + step) / 2)).toBeCloseTo(1, 4);
        before = step;
      }
    }
  });

  it("keeps what few steps have: evaluations and leaps", () => {
    const curve = new RunCurve(4);
    for (let step = 1; step <= 100; step++) {
      curve.add({ step, loss: 1, ...(step === 37 ? { validationLoss: 2.5, spike: {} } : {}) });
    }
    const { points } = curve.since(null);
    expect(points.filter(({ validationLoss }) => validationLoss === 2.5)).toHaveLength(1);
    expect(points.filter(({ spike }) => spike === true)).toHaveLength(1);
  });

  it("tells one who knows it what has changed, and all where points were put together", () => {
    const curve = new RunCurve(8);
    const known: unknown[] = [];
    let place = null;
    let whole = 0;
    for (let step = 1; step <= 50; step++) {
      curve.add({ step, loss: 1 / step });
      const change = curve.since(place);
      if (change.from === 0 && place !== null) whole++;
      known.splice(change.from, known.length, ...change.points);
      place = change.place;
      expect(known).toEqual(curve.since(null).points);
    }
    // Points were put together three times: at 9, 17 and 33 steps; at two steps the first point is told again.
    expect(whole).toBe(4);
  });

  it("leaves out what is no finite number", () => {
    const curve = new RunCurve();
    curve.add({ step: 1, loss: null, gradNorm: "high", learningRate: Number.NaN, accuracy: 0.25 });
    expect(curve.since(null).points).toEqual([{ step: 1, accuracy: 0.25 }]);
  });
});
