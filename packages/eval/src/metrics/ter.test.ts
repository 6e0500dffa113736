import { describe, expect, it } from "vitest";
import recorded from "../../fixtures/classification.json" with { type: "json" };
import texts from "../../fixtures/llama-factory.json" with { type: "json" };
import { corpusTer, sentenceTer, type TerOptions } from "./ter.js";

const optionsOf = (given: Record<string, boolean | undefined>): TerOptions => ({
  normalized: given["normalized"] ?? false,
  noPunctuation: given["no_punct"] ?? false,
  asianSupport: given["asian_support"] ?? false,
  caseSensitive: given["case_sensitive"] ?? false,
});

describe.each(recorded.text)("sacreBLEU's TER, $name", (text) => {
  const { hypotheses: predictions, references } = text;

  it.each(text.ter)("$signature", ({ options, score, edits, reference_length, signature }) => {
    const actual = corpusTer({ predictions, references, ...optionsOf(options) });
    expect(actual.score).toBeCloseTo(score, 9);
    expect(actual).toMatchObject({ edits, referenceLength: reference_length, signature });
  });

  it("of two references, the nearer over the mean length", () => {
    const { options, score, edits, reference_length, signature } = text.ter_two_references;
    const pairs = references.map((reference, row) => [reference, text.second_references[row]]);
    const actual = corpusTer({ predictions, references: pairs, ...optionsOf(options) });
    expect(actual.score).toBeCloseTo(score, 9);
    expect(actual).toMatchObject({ edits, referenceLength: reference_length, signature });
  });

  it("of each sentence", () => {
    const options = text.name === "zh" ? { normalized: true, asianSupport: true } : {};
    predictions.forEach((prediction, row) => {
      const { score } = sentenceTer({ prediction, references: references[row], ...options });
      expect(score, `row ${row}`).toBeCloseTo(text.ter_sentences[row], 9);
    });
  });

  it("by character", () => {
    const expected = text.ter_characters;
    if (expected === undefined) return;
    const apart = (lines: readonly string[]): string[] =>
      lines.map((line) => Array.from(line.replaceAll(" ", "")).join(" "));
    const actual = corpusTer({ predictions: apart(predictions), references: apart(references) });
    expect(actual.score).toBeCloseTo(expected.score, 9);
    expect(actual.edits).toBe(expected.edits);
  });
});

it.each(texts.ter.map((text, index) => ({ ...text, index })))(
  "sacreBLEU's edits of texts that it cuts anew the second time, $index",
  ({ options, prediction, reference, edits, referenceLength }) => {
    const actual = sentenceTer({ prediction, references: reference, ...optionsOf(options) });
    expect(actual).toMatchObject({ edits, referenceLength });
  },
);

it.each([
  ["a b c d", "a b c d", 0],
  ["c d a b", "a b c d", 25], // one shift
  ["", "a b", 100],
  ["a", "", 100],
  ["", "", 0],
])("%j against %j is %d", (prediction, references, score) => {
  expect(sentenceTer({ prediction, references }).score).toBe(score);
});
