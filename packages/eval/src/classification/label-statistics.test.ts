import { expect, it } from "vitest";
import recorded from "../../fixtures/classification.json" with { type: "json" };
import { scoreOf } from "../significance/segment-statistics.js";
import { labelCounts, labelStatistics } from "./label-statistics.js";

it.each(recorded.classification)("averages add up from rows: $name", (set) => {
  const placeOf = (label: string): number => set.labels.indexOf(label);
  const counts = labelCounts(set.true.map(placeOf), set.predicted.map(placeOf), set.labels.length);
  for (const average of ["macro", "micro", "weighted"] as const) {
    for (const measure of ["precision", "recall", "f1"] as const) {
      const statistics = labelStatistics(counts, set.labels.length, average, measure);
      const expected = 100 * set.zero_division_0[average][measure];
      expect(scoreOf(statistics), `${average} ${measure}`).toBeCloseTo(expected, 9);
    }
  }
});
