import { expect, it } from "vitest";
import { sumsOf } from "../significance/segment-statistics.js";
import { GatheredMeasures } from "./gathered-measures.js";
import { measureMetric, metricJob } from "./measure-metric.js";
import { isLabelMetric, metricNames } from "./metric-names.js";
import { ReferenceSurvey } from "./reference-survey.js";

it("counts labels once, however many metrics follow from the counts and in however many parts the texts come", () => {
  const references = ["a", "b", "a", "c", "b", "a", "c"].map((label) => [label]);
  const predictions = ["a", "a", "none", "c", "b", "b", "c"];
  const survey = new ReferenceSurvey();
  for (const list of references) survey.add(list);
  const names = metricNames.filter(isLabelMetric);
  const gathered = new GatheredMeasures(references.length);
  for (const [start, end] of [
    [0, 2],
    [2, 3],
    [3, 7],
  ]) {
    const texts = { predictions: predictions.slice(start, end), references: references.slice(start, end) };
    const job = metricJob({ ...texts, options: {}, facts: survey.facts() }, names);
    gathered.add(names.map((name) => measureMetric(name, job)));
  }
  const [accuracy, ...others] = gathered.whole();
  for (const { statistics, made } of others) {
    expect(statistics.values.buffer).toBe(others[0].statistics.values.buffer);
    expect(made).toBe(accuracy.made);
  }
  // Predicted and right, predicted, true: of a, b and c.
  expect([...sumsOf(others[0].statistics)]).toEqual([1, 2, 3, 1, 2, 2, 2, 2, 2]);
  expect(accuracy.made!.details(accuracy.statistics)).toEqual({ labels: ["a", "b", "c"], unparsed: 1 });
});
