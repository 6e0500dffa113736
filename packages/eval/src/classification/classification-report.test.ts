import { describe, expect, it } from "vitest";
import recorded from "../../fixtures/classification.json" with { type: "json" };
import { MetricOptionError } from "../errors.js";
import { classificationReport } from "./classification-report.js";

describe.each(recorded.classification)("scikit-learn's scores: $name", (set) => {
  it.each([0, 1] as const)("nothing of nothing is %d", (zeroDivision) => {
    const report = classificationReport({
      references: set.true,
      predictions: set.predicted,
      labels: set.labels,
      zeroDivision,
    });
    const expected = set[`zero_division_${zeroDivision}`];
    expect(report.accuracy).toBeCloseTo(set.accuracy, 12);
    expect(report.confusion).toEqual(set.confusion);
    for (const kind of ["macro", "micro", "weighted"] as const) {
      for (const field of ["precision", "recall", "f1"] as const) {
        expect(report[kind][field], `${kind} ${field}`).toBeCloseTo(expected[kind][field], 12);
      }
    }
    expected.per_class.forEach(({ label, precision, recall, f1, support }, place) => {
      const actual = report.labels[place];
      expect(actual).toMatchObject({ label, support });
      expect(actual.precision).toBeCloseTo(precision, 12);
      expect(actual.recall).toBeCloseTo(recall, 12);
      expect(actual.f1).toBeCloseTo(f1, 12);
    });
  });
});

it("takes the true labels, sorted, where none are declared, and null for no label", () => {
  const report = classificationReport({ references: ["b", "a", "b"], predictions: ["b", null, "x"] });
  expect(report.labels.map(({ label }) => label)).toEqual(["a", "b"]);
  expect(report.confusion).toEqual([
    [0, 0],
    [0, 1],
  ]);
  expect(report.accuracy).toBe(1 / 3);
});

it.each([
  { references: ["a"], predictions: [] },
  { references: [], predictions: [] },
  { references: ["a"], predictions: ["a"], labels: ["a", "a"] },
  { references: ["a"], predictions: ["a"], labels: [] },
])("refuses %j", (request) => {
  expect(() => classificationReport(request)).toThrow(MetricOptionError);
});
