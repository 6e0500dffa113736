import { describe, expect, it } from "vitest";
import metrics from "../../fixtures/metrics.json" with { type: "json" };
import { compareSystems } from "./compare-systems.js";
import { MetricOptionError, SegmentError, UnknownMetricError } from "../errors.js";
import { evaluateText } from "./evaluate-text.js";
import { metricNames } from "./metric-names.js";

const [english, chinese] = metrics.text as [(typeof metrics.text)[0], (typeof metrics.text)[1]];

describe.each([english, chinese])("systems on the same rows, $name", ({ hypotheses, references, name }) => {
  const worse = hypotheses.map((text, row) => (row % 3 === 0 ? text : text.slice(0, text.length >> 1)));
  const compared = compareSystems({
    systems: [
      { name: "base", predictions: worse },
      { name: "tuned", predictions: hypotheses },
      { name: "same", predictions: worse },
    ],
    references,
    metrics: metricNames,
    bootstrap: { resamples: 200 },
    permutation: { samples: 500 },
  });

  it("scores each as evaluateText does, inside its interval, with a signature", () => {
    const { scores } = evaluateText({ predictions: hypotheses, references, metrics: metricNames });
    const [, tuned] = compared.systems;
    expect(tuned.name).toBe("tuned");
    expect(compared).toMatchObject({ language: name, segments: references.length, reasoning: "strip" });
    for (const metric of metricNames) {
      const { score, signature, interval } = tuned.scores[metric]!;
      expect(score, metric).toBe(scores[metric]);
      expect(signature, metric).toMatch(/^nrefs:[01]\|/);
      expect(interval[0], metric).toBeLessThanOrEqual(score + 1e-9);
      expect(interval[1], metric).toBeGreaterThanOrEqual(score - 1e-9);
    }
  });

  it("says how the second differs from the first, and that a copy does not", () => {
    for (const comparison of compared.comparisons) {
      const [first, second] = comparison.systems;
      const of = (system: string) =>
        compared.systems.find((one) => one.name === system)!.scores[comparison.metric]!.score;
      expect(first).toBe("base");
      expect(comparison.difference, comparison.metric).toBeCloseTo(of(second) - of(first), 9);
      if (second === "same")
        expect(comparison).toMatchObject({ difference: 0, pValue: 1, bootstrapPValue: 1 });
    }
    const bleu = compared.comparisons.find(
      ({ metric, systems }) => metric === "bleu" && systems[1] === "tuned",
    )!;
    expect(bleu.interval[0]).toBeGreaterThan(0);
    expect(bleu.pValue).toBeLessThan(0.01);
  });

  it("gives the same numbers again", () => {
    const again = () =>
      compareSystems({ systems: [{ name: "a", predictions: worse }], references, metrics: ["chrf"] });
    expect(again()).toEqual(again());
  });
});

describe("reasoning", () => {
  const references = ["The parcel is on its way.", "Yes."];
  const predictions = ["<think>\nLong thought.\n</think>\n\nThe parcel is on its way.", "Yes."];
  const run = (reasoning?: "strip" | "keep") =>
    compareSystems({
      systems: [{ name: "r1", predictions }],
      references,
      metrics: ["exact-match"],
      ...(reasoning ? { reasoning } : {}),
    }).systems[0];

  it("is left out unless told otherwise, and both scores are given", () => {
    expect(run()).toMatchObject({
      scores: {
        "exact-match": { score: 100, signature: "nrefs:1|norm:squad|lang:en|version:1.1|think:strip" },
      },
      reasoning: { texts: 1, otherRule: "keep", scores: { "exact-match": 50 } },
    });
    expect(run("keep")).toMatchObject({
      scores: { "exact-match": { score: 50 } },
      reasoning: { texts: 1, otherRule: "strip", scores: { "exact-match": 100 } },
    });
  });

  it("of references is treated as that of replies", () => {
    const systems = [{ name: "r1", predictions: references }];
    const of = (reasoning: "strip" | "keep") =>
      compareSystems({ systems, references: predictions, metrics: ["exact-match"], reasoning }).systems[0];
    expect(of("strip")).toMatchObject({
      scores: {
        "exact-match": { score: 100, signature: "nrefs:1|norm:squad|lang:en|version:1.1|think:strip" },
      },
      reasoning: { texts: 1, otherRule: "keep", scores: { "exact-match": 50 } },
    });
    expect(of("keep").scores["exact-match"]?.score).toBe(50);
  });
});

it("refuses what cannot be compared", () => {
  const one = { name: "a", predictions: ["x"] };
  const request = { systems: [one], references: ["x"], metrics: ["bleu"] };
  expect(() => compareSystems({ ...request, systems: [] })).toThrow(MetricOptionError);
  expect(() => compareSystems({ ...request, metrics: ["blue"] })).toThrow(UnknownMetricError);
  expect(() => compareSystems({ ...request, systems: [one, { name: "b", predictions: [] }] })).toThrow(
    SegmentError,
  );
});
