import { describe, expect, it } from "vitest";
import metrics from "../../fixtures/metrics.json" with { type: "json" };
import recorded from "../../fixtures/recorded.json" with { type: "json" };
import type { BleuSmoothing } from "./bleu.js";
import { characterSentenceBleu, nltkSentenceBleu } from "./nltk-bleu.js";

describe.each(metrics.text)("NLTK's score by character, smoothing method 3, $name", (text) => {
  it.each(text.sentence_bleu_char_smoothing3.map((expected, index) => ({ index, expected })))(
    "sentence $index",
    ({ index, expected }) => {
      const actual = characterSentenceBleu(text.hypotheses[index], text.references[index]);
      expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9);
    },
  );
});

it.each(recorded.nltk.map((expected, index) => ({ index, ...expected })))(
  "NLTK's score of random texts, case $index",
  ({ prediction, references, options, score }) => {
    const actual = nltkSentenceBleu({
      prediction: Array.from(prediction),
      references: references.map((reference) => Array.from(reference)),
      maxOrder: options.maxOrder,
      smoothing: options.smoothing as BleuSmoothing,
    });
    expect(Math.abs(actual - score)).toBeLessThanOrEqual(1e-9);
  },
);

describe("edges", () => {
  it("scores a prediction that is too short for an order as no match of one", () => {
    // Orders 3 and 4 are 1/2 and 1/4 of one n-gram.
    expect(characterSentenceBleu("好的", "好的")).toBeCloseTo(Math.pow(1 / 8, 1 / 4), 12);
  });

  it("scores 0 without a character in common, an empty prediction or an empty reference", () => {
    expect(characterSentenceBleu("好", "行")).toBe(0);
    expect(characterSentenceBleu("", "行")).toBe(0);
    expect(characterSentenceBleu("好", "")).toBe(0);
  });

  it("demands a reference", () => {
    expect(() => nltkSentenceBleu({ prediction: ["a"], references: [] })).toThrow("references of segment 1");
  });
});
