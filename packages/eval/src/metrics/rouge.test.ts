import { describe, expect, it } from "vitest";
import metrics from "../../fixtures/metrics.json" with { type: "json" };
import recorded from "../../fixtures/recorded.json" with { type: "json" };
import { MetricOptionError } from "../errors.js";
import { corpusRouge, sentenceRouge, type RougeOptions, type RougeScores } from "./rouge.js";

const fraction = 1e-6;

/** TorchMetrics names a score "rouge1_precision". */
function expectScores(actual: RougeScores, expected: Readonly<Record<string, number>>): void {
  const names = Object.keys(expected);
  expect(names).toHaveLength(3 * Object.keys(actual).length);
  for (const name of names) {
    const [kind, field] = name.split("_") as ["rouge1", "precision"];
    const difference = Math.abs(actual[kind][field] - expected[name]);
    expect(difference, `${name}: ${actual[kind][field]} against ${expected[name]}`).toBeLessThanOrEqual(
      fraction,
    );
  }
}

describe.each(metrics.text)("TorchMetrics' scores, $name", (text) => {
  const { hypotheses: predictions, references } = text;
  const tokenizer = text.name as "en" | "zh";

  it("mean", () => {
    expectScores(corpusRouge({ predictions, references, tokenizer }), text.rouge_f1_mean);
  });

  it.each(text.rouge_f1_per_pair.map((expected, index) => ({ index, expected })))(
    "pair $index",
    ({ index, expected }) => {
      const [prediction, reference] = [predictions[index], references[index]];
      expectScores(sentenceRouge({ prediction, references: reference, tokenizer }), expected);
    },
  );

  const stemmed = "rouge_f1_mean_stemmed" in text ? [text.rouge_f1_mean_stemmed] : [];
  it.each(stemmed)("mean with stemming", (expected) => {
    expectScores(corpusRouge({ predictions, references, tokenizer, stem: true }), expected);
  });
});

it("has a stemmed mean to compare with", () => {
  expect(metrics.text.filter((text) => "rouge_f1_mean_stemmed" in text)).toHaveLength(1);
});

it.each(recorded.rouge.map((expected, index) => ({ index, expected })))(
  "TorchMetrics' scores of random texts, case $index",
  ({ expected }) => {
    const { predictions, references, options } = expected;
    const actual = corpusRouge({ predictions, references, ...(options as RougeOptions) });
    expectScores(
      actual,
      Object.fromEntries(
        Object.entries(expected.scores).flatMap(([kind, scores]) =>
          Object.entries(scores).map(([field, value]) => [`${kind}_${field}`, value]),
        ),
      ),
    );
  },
);

describe("laws", () => {
  const predictions = metrics.text[0].hypotheses;
  const references = metrics.text[0].references;
  const kinds = ["rouge1", "rouge2", "rougeL", "rougeLsum"] as const;

  it("a text scores 1 against itself", () => {
    const long = references.filter((reference) => reference.includes(" "));
    const scores = corpusRouge({ predictions: long, references: long, kinds });
    for (const kind of kinds) expect(scores[kind]).toEqual({ precision: 1, recall: 1, fmeasure: 1 });
  });

  it("swapping the texts swaps precision and recall", () => {
    predictions.forEach((prediction, index) => {
      const there = sentenceRouge({ prediction, references: references[index] });
      const back = sentenceRouge({ prediction: references[index], references: prediction });
      for (const kind of ["rouge1", "rouge2", "rougeL"] as const) {
        expect(back[kind].precision).toBe(there[kind].recall);
        expect(back[kind].recall).toBe(there[kind].precision);
      }
    });
  });

  it("ROUGE-L is at most ROUGE-1, and on one line ROUGE-Lsum is ROUGE-L", () => {
    predictions.forEach((prediction, index) => {
      const scores = sentenceRouge({ prediction, references: references[index], kinds });
      expect(scores.rougeL.fmeasure).toBeLessThanOrEqual(scores.rouge1.fmeasure);
      expect(scores.rougeLsum).toEqual(scores.rougeL);
    });
  });

  it("does not depend on the order of the segments", () => {
    const straight = corpusRouge({ predictions, references });
    const turned = corpusRouge({
      predictions: [...predictions].reverse(),
      references: [...references].reverse(),
    });
    for (const kind of ["rouge1", "rouge2", "rougeL"] as const) {
      expect(turned[kind].fmeasure).toBeCloseTo(straight[kind].fmeasure, 12);
    }
  });
});

describe("edges", () => {
  it("scores 0 when a side has no token, also when both have none", () => {
    const none = { precision: 0, recall: 0, fmeasure: 0 };
    for (const [prediction, references] of [
      ["", "a"],
      ["a", ""],
      ["", ""],
      ["!", "!"],
    ] as const) {
      const scores = sentenceRouge({ prediction, references, kinds: ["rouge1", "rougeL", "rougeLsum"] });
      expect(scores).toEqual({ rouge1: none, rougeL: none, rougeLsum: none });
    }
  });

  it("has no pair in a text of one token", () => {
    expect(sentenceRouge({ prediction: "好", references: "好", tokenizer: "zh" })).toMatchObject({
      rouge1: { fmeasure: 1 },
      rouge2: { fmeasure: 0 },
      rougeL: { fmeasure: 1 },
    });
  });

  it("takes a tokenizer of one's own", () => {
    const scores = sentenceRouge({
      prediction: "东方明珠",
      references: "东方红",
      kinds: ["rouge1"],
      tokenizer: (text) => [text.slice(0, 2), text.slice(2)],
    });
    expect(scores.rouge1).toEqual({ precision: 0.5, recall: 0.5, fmeasure: 0.5 });
  });

  it("refuses kinds it does not know, none at all, and stemming another's tokens", () => {
    const texts = { predictions: ["a"], references: ["a"] };
    expect(() => corpusRouge({ ...texts, kinds: ["rouge0" as "rouge1"] })).toThrow(MetricOptionError);
    expect(() => corpusRouge({ ...texts, kinds: [] })).toThrow("at least one kind");
    expect(() => corpusRouge({ ...texts, tokenizer: (text) => [text], stem: true })).toThrow("stem");
  });
});
