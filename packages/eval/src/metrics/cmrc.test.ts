import { describe, expect, it } from "vitest";
import recorded from "../../fixtures/cmrc.json" with { type: "json" };
import tenScripts from "../../fixtures/ten-scripts.json" with { type: "json" };
import { cmrcExactMatch, cmrcF1, cmrcUnits, corpusCmrcExactMatch, corpusCmrcF1 } from "./cmrc.js";

/** Scores as the script writes them, from 0 to 1. */
const scoresOf = (prediction: string, references: string | readonly string[]): number[] =>
  [cmrcExactMatch, cmrcF1].map((score) => score({ prediction, references }) / 100);

it.each(recorded.rows.map((row, index) => ({ ...row, index })))(
  "has the units and scores of CMRC 2018's script, row $index",
  ({ prediction, references, units, scores }) => {
    expect(cmrcUnits(prediction)).toEqual(units);
    const [exact, f1] = scoresOf(prediction, references);
    expect(exact).toBe(scores[0]);
    expect(f1).toBeCloseTo(scores[1], 12);
  },
);

describe.each(tenScripts.cases)("$script", ({ script, predictions, references }) => {
  it("has the scores of CMRC 2018's script", () => {
    const expected = recorded.scripts.find((one) => one.script === script)!.scores;
    expect(expected).toHaveLength(predictions.length);
    for (const [row, [exact, f1]] of expected.entries()) {
      const own = scoresOf(predictions[row], references[row]);
      expect(own[0], `row ${row}`).toBe(exact);
      expect(own[1], `row ${row}`).toBeCloseTo(f1, 12);
    }
    const mean = (place: number): number =>
      expected.reduce((sum, scores) => sum + scores[place], 0) / expected.length;
    expect(corpusCmrcExactMatch({ predictions, references })).toBeCloseTo(100 * mean(0), 10);
    expect(corpusCmrcF1({ predictions, references })).toBeCloseTo(100 * mean(1), 10);
  });
});

describe("edges", () => {
  it("two texts of which nothing is left match exactly and share no stretch", () => {
    expect(scoresOf("，", "。")).toEqual([1, 0]);
    expect(scoresOf("", "好")).toEqual([0, 0]);
  });

  it("the longest stretch counts, not the bag, and the best of several references", () => {
    expect(cmrcF1({ prediction: "北京大学在北京", references: "在北京大学" })).toBeCloseTo(800 / 12, 12);
    expect(cmrcF1({ prediction: "北京", references: ["南京", "北京市"] })).toBeCloseTo(80, 12);
  });

  it("long runs of blanks and stops take time in proportion", () => {
    const long = `a.${" ".repeat(200_000)}b${".".repeat(200_000)}${") ".repeat(100_000)}`;
    expect(cmrcUnits(long).length).toBe(100_003);
  });
});
