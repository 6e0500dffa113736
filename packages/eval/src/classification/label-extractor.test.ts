import { describe, expect, it } from "vitest";
import { MetricOptionError } from "../errors.js";
import { evaluateText } from "../scores/evaluate-text.js";
import { labelExtractor, type LabelPlace } from "./label-extractor.js";

const labels = ["refund", "partial refund", "投诉"];

describe("labelExtractor", () => {
  it.each<[LabelPlace, string, string | null]>([
    ["whole", " Refund\n", "refund"],
    ["whole", "refund please", null],
    ["first-line", "\n投诉\nbecause …", "投诉"],
    ["first-line", "I say 投诉", null],
    ["first-line", " \n ", null],
    ["longest-label", "This is a Partial Refund.", "partial refund"],
    ["longest-label", "nothing", null],
    [{ field: "intent" }, 'Sure:\n```json\n{"intent": "refund", "sure": true}\n```', "refund"],
    [{ field: "intent" }, '{"intent": {"a": 1}}', null],
    [{ field: "__proto__" }, '{"intent": "refund"}', null],
    [{ field: "intent" }, '{"intent": "refund"', null],
    [{ field: "intent" }, "} {", null],
    [{ pattern: "intent=([^;]+);" }, "intent=refund; sure=1", "refund"],
    [{ pattern: "refund|投诉" }, "so 投诉", "投诉"],
    [{ pattern: "intent=(x)?y" }, "intent=y", null],
  ])("%j of %j is %j", (place, reply, label) => {
    expect(labelExtractor(place, labels)(reply)).toBe(label);
  });

  it("tells labels apart that differ in case alone", () => {
    const extract = labelExtractor("whole", ["Yes", "YES"]);
    expect([extract("Yes"), extract("YES"), extract("yes")]).toEqual(["Yes", "YES", null]);
  });

  it("refuses what is no pattern, and is not held up by one", () => {
    expect(() => labelExtractor({ pattern: "(" }, labels)).toThrow(MetricOptionError);
    const extract = labelExtractor({ pattern: "(a+)+$" }, ["x"]);
    expect(extract(`${"a".repeat(5_000)}!`)).toBe(null);
  });
});

it("metrics find labels where they are told to", () => {
  const { scores, details, classification } = evaluateText({
    predictions: ["yes\nbecause", "no", "maybe"],
    references: ["yes", "yes", "no"],
    metrics: ["classification"],
    options: { labels: ["no", "yes"], labelPlace: "first-line" },
  });
  // yes: precision 1, recall 1/2, F1 2/3; no: nothing right, F1 0.
  expect(scores["label-accuracy"]).toBeCloseTo(100 / 3, 9);
  expect(scores["macro-f1"]).toBeCloseTo(100 / 3, 9);
  expect(scores["micro-f1"]).toBeCloseTo(40, 9);
  expect(scores["weighted-f1"]).toBeCloseTo(400 / 9, 9);
  // yes was said once and stands twice; no was said once, wrongly.
  expect(scores).toMatchObject({
    "macro-precision": 50,
    "macro-recall": 25,
    "micro-precision": 50,
    "micro-recall": expect.closeTo(100 / 3, 9) as number,
    "weighted-precision": expect.closeTo(200 / 3, 9) as number,
    "weighted-recall": expect.closeTo(100 / 3, 9) as number,
  });
  expect(classification).toMatchObject({
    accuracy: expect.closeTo(1 / 3, 9) as number,
    confusion: [
      [0, 0],
      [1, 1],
    ],
    labels: [
      { label: "no", precision: 0, recall: 0, support: 1 },
      { label: "yes", precision: 1, recall: 0.5, support: 2 },
    ],
  });
  expect(details["macro-f1"]).toEqual({ labels: ["no", "yes"], unparsed: 1 });
});
