import { describe, expect, it } from "vitest";
import metrics from "../../fixtures/metrics.json" with { type: "json" };
import { SegmentError } from "../errors.js";
import { compareSystems, StreamedScores } from "./compare-systems.js";
import { metricNames } from "./metric-names.js";
import { ReferenceSurvey } from "./reference-survey.js";

describe.each(metrics.text)("scores of rows that come in parts, $name", ({ hypotheses, references }) => {
  const others = hypotheses.map((text, row) => (row % 5 === 2 ? `<think>${row}</think>${text}` : text));
  const worse = hypotheses.map((text, row) => (row % 3 === 0 ? text : text.slice(0, text.length >> 1)));
  const systems = [
    { name: "base", predictions: worse },
    { name: "tuned", predictions: others },
  ];
  const how = { metrics: metricNames, bootstrap: { resamples: 50 }, permutation: { samples: 50 } };
  const lists = references.map((list) => [list].flat());

  it.each([1, 7, 64])("are those of all rows at once, in parts of %i", (size) => {
    const survey = new ReferenceSurvey();
    for (const list of lists) survey.add(list);
    const scores = new StreamedScores({
      ...how,
      options: { perSegment: true },
      systems,
      facts: survey.facts(),
    });
    for (const [system, { predictions }] of systems.entries()) {
      for (let start = 0; start < lists.length; start += size) {
        scores.add(system, predictions.slice(start, start + size), lists.slice(start, start + size));
      }
    }
    const whole = compareSystems({ ...how, options: { perSegment: true }, systems, references });
    const parts = scores.compare();
    const { systems: ofParts, ...rest } = parts;
    expect(rest).toEqual({ ...whole, systems: undefined });
    for (const [place, { details, ...system }] of whole.systems.entries()) {
      expect({ ...ofParts[place], details: undefined }).toEqual({ ...system, details: undefined });
      // Means of means, where the whole is one mean.
      const numbers = JSON.parse(JSON.stringify(details)) as Record<string, Record<string, unknown>>;
      for (const [metric, detail] of Object.entries(numbers)) {
        for (const [key, value] of Object.entries(detail)) {
          const own = (ofParts[place].details as typeof numbers)[metric][key];
          if (typeof value === "number") expect(own, `${metric} ${key}`).toBeCloseTo(value, 9);
          else expect(own, `${metric} ${key}`).toEqual(value);
        }
      }
    }
    expect(whole.systems[1].reasoning?.texts).toBeGreaterThan(0);
  });

  it("are refused where rows are missing", () => {
    const survey = new ReferenceSurvey();
    for (const list of lists) survey.add(list);
    const scores = new StreamedScores({ ...how, systems, facts: survey.facts() });
    scores.add(0, worse, lists);
    scores.add(1, others.slice(1), lists.slice(1));
    expect(() => scores.compare()).toThrow(SegmentError);
  });
});
