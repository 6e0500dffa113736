import { describe, expect, it } from "vitest";
import { comparedChart, differentSettings } from "./compare-runs.js";

const points = (steps: readonly number[], value: (step: number) => number) =>
  steps.map((step) => ({ step, gradNorm: value(step), loss: value(step) }));

describe("runs in one chart", () => {
  it("have each step of any of them once, in order, and gaps where they have none", () => {
    const chart = comparedChart(
      [
        { name: "a", points: points([1, 2, 4], (step) => step) },
        { name: "b", points: points([2, 3], (step) => 10 * step) },
        { name: "none", points: [{ step: 1 }] },
      ],
      "gradNorm",
      "Norm",
    )!;
    expect(chart.steps).toEqual([1, 2, 3, 4]);
    expect(chart.series.map(({ label, values }) => [label, values])).toEqual([
      ["a", [1, 2, null, 4]],
      ["b", [null, 20, 30, null]],
    ]);
  });

  it("are smoothed in their loss over their own steps alone", () => {
    const chart = comparedChart(
      [{ name: "a", points: points([1, 2, 3], (step) => step * step) }],
      "loss",
      "",
    )!;
    expect(chart.series[0].values).toEqual([1, 2.5, 14 / 3]);
  });

  it("are no chart where none has the measure", () => {
    expect(comparedChart([{ name: "a", points: points([1], Number) }], "accuracy", "")).toBe(null);
    expect(comparedChart([], "loss", "")).toBe(null);
  });
});

describe("settings that differ", () => {
  it("are those that are not the same in all runs, but for where a run writes to", () => {
    const same = { model: "m", targets: ["q_proj"], seed: 0 };
    const found = differentSettings([
      { ...same, rank: 8, output: "a", maxTokens: null },
      { ...same, rank: 16, output: "b", extra: { deep: true } },
      null,
    ]);
    expect(found.map(({ name }) => name)).toEqual(["model", "targets", "seed", "rank", "extra"]);
    expect(found.find(({ name }) => name === "rank")!.values).toEqual(["8", "16", "–"]);
    expect(differentSettings([same, { ...same, output: "c" }])).toEqual([]);
    expect(differentSettings([{ targets: ["a", "b"] }, { targets: ["b", "a"] }])).toHaveLength(1);
  });
});
