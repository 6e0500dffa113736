import { describe, expect, it } from "vitest";
import metrics from "../../fixtures/metrics.json" with { type: "json" };
import recorded from "../../fixtures/recorded.json" with { type: "json" };
import { corpusChrf, sentenceChrf } from "./chrf.js";
import { MetricOptionError } from "../errors.js";

const point = 1e-6;

it.each(metrics.text)("sacreBLEU's chrF and chrF++, $name", (text) => {
  const { hypotheses: predictions, references } = text;
  const chrf = corpusChrf({ predictions, references });
  const chrfPlusPlus = corpusChrf({ predictions, references, wordOrder: 2 });
  expect(Math.abs(chrf.score - text.chrf.score)).toBeLessThanOrEqual(point);
  expect(Math.abs(chrfPlusPlus.score - text.chrf.chrfpp)).toBeLessThanOrEqual(point);
});

it.each(recorded.chrf.map((expected, index) => ({ index, expected })))(
  "sacreBLEU's chrF of random texts, case $index",
  ({ expected }) => {
    const { predictions, references, options, name, signature } = expected;
    const actual = corpusChrf({ predictions, references, ...options });
    expect(Math.abs(actual.score - expected.score), signature).toBeLessThanOrEqual(point);
    expect(actual).toMatchObject({ name, signature });
  },
);

describe("laws", () => {
  const predictions = metrics.text.flatMap((text) => text.hypotheses);
  const references = metrics.text.flatMap((text) => text.references);

  it.each([0, 2])("a text scores 100 against itself, word order %i", (wordOrder) => {
    expect(corpusChrf({ predictions: references, references, wordOrder }).score).toBeCloseTo(100, 9);
  });

  it("does not depend on the order of the segments", () => {
    const straight = corpusChrf({ predictions, references, wordOrder: 2 });
    const reversed = corpusChrf({
      predictions: [...predictions].reverse(),
      references: [...references].reverse(),
      wordOrder: 2,
    });
    expect(reversed).toEqual(straight);
  });

  it("is the best over the references for one sentence", () => {
    const prediction = predictions[0];
    const scores = references.map((reference) => sentenceChrf({ prediction, references: reference }).score);
    expect(sentenceChrf({ prediction, references }).score).toBe(Math.max(...scores));
  });

  it("with β 1 does not care which side is the prediction", () => {
    predictions.forEach((prediction, index) => {
      const there = sentenceChrf({ prediction, references: references[index], beta: 1 });
      const back = sentenceChrf({ prediction: references[index], references: prediction, beta: 1 });
      expect(back.score).toBeCloseTo(there.score, 9);
    });
  });
});

describe("edges", () => {
  it("scores 0 for an empty side and 100 for equal texts of one character", () => {
    expect(sentenceChrf({ prediction: "", references: "a" }).score).toBe(0);
    expect(sentenceChrf({ prediction: "a", references: "" }).score).toBe(0);
    expect(sentenceChrf({ prediction: "", references: "" }).score).toBe(0);
    expect(sentenceChrf({ prediction: "好", references: "好" }).score).toBe(100);
  });

  it("takes a character outside the basic plane for one", () => {
    // One character out of two is common; by UTF-16 units it would be three of four.
    expect(sentenceChrf({ prediction: "😀😁", references: "😀😂", characterOrder: 1 }).score).toBeCloseTo(
      50,
      12,
    );
  });

  it("refuses orders and β that mean nothing", () => {
    const texts = { predictions: ["a"], references: ["a"] };
    expect(() => corpusChrf({ ...texts, characterOrder: 0 })).toThrow(MetricOptionError);
    expect(() => corpusChrf({ ...texts, wordOrder: 1.5 })).toThrow(
      "option wordOrder: expected a whole number",
    );
    expect(() => corpusChrf({ ...texts, beta: 0 })).toThrow("option beta: expected a number above 0, got 0");
  });
});
