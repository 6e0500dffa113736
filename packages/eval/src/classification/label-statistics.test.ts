import { expect, it } from "vitest";
import recorded from "../../fixtures/classification.json" with { type: "json" };
import { scoreOf } from "../significance/segment-statistics.js";
import { labelStatistics } from "./label-statistics.js";

it.each(recorded.classification)("averages of F1 add up from rows: $name", (set) => {
  const placeOf = (label: string): number => set.labels.indexOf(label);
  for (const average of ["macro", "micro", "weighted"] as const) {
    const statistics = labelStatistics(
      set.true.map(placeOf),
      set.predicted.map(placeOf),
      set.labels.length,
      average,
    );
    expect(scoreOf(statistics), average).toBeCloseTo(100 * set.zero_division_0[average].f1, 9);
  }
});
