import { type Phrase, sayPhrase } from "@lathe/files";
import { describe, expect, it } from "vitest";
import metrics from "../../fixtures/metrics.json" with { type: "json" };
import recorded from "../../fixtures/recorded.json" with { type: "json" };
import { corpusBleu, sentenceBleu, type BleuOptions } from "./bleu.js";
import { MetricOptionError, SegmentError } from "../errors.js";
import { bleuTokenizers, tokenizeForBleu, type BleuTokenizer } from "./bleu-tokenizer.js";

const point = 1e-6;

function expectClose(actual: number, expected: number, label = ""): void {
  expect(Math.abs(actual - expected), `${label} ${actual} against ${expected}`).toBeLessThanOrEqual(point);
}

describe.each(metrics.text)("sacreBLEU's scores, $name", (text) => {
  it.each(text.bleu)("$signature", (expected) => {
    const two = expected.signature.startsWith("nrefs:2");
    const given = expected.options as {
      lowercase?: boolean;
      effective_order?: boolean;
      smooth_method?: "add-k";
    };
    const actual = corpusBleu({
      predictions: text.hypotheses,
      references: text.references.map((reference, index) =>
        two ? [reference, text.second_references[index]] : [reference],
      ),
      tokenizer: expected.tokenize as BleuTokenizer,
      lowercase: given.lowercase ?? false,
      effectiveOrder: given.effective_order ?? false,
      ...(given.smooth_method ? { smoothing: given.smooth_method } : {}),
    });
    expectClose(actual.score, expected.score);
    expectClose(actual.brevityPenalty, expected.bp);
    expected.precisions.forEach((precision, index) => expectClose(actual.precisions[index], precision));
    expect(actual).toMatchObject({
      predictionLength: expected.sys_len,
      referenceLength: expected.ref_len,
      signature: expected.signature,
    });
  });
});

it.each(recorded.bleu.map((expected, index) => ({ index, expected })))(
  "sacreBLEU's score of random texts, case $index",
  ({ expected }) => {
    const { predictions, references } = expected;
    const actual = corpusBleu({ predictions, references, ...(expected.options as BleuOptions) });
    expectClose(actual.score, expected.score, expected.signature);
    expectClose(actual.brevityPenalty, expected.brevityPenalty);
    expected.precisions.forEach((precision, order) => expectClose(actual.precisions[order], precision));
    const { counts, totals, predictionLength, referenceLength, signature } = expected;
    expect(actual).toMatchObject({ counts, totals, predictionLength, referenceLength, signature });
  },
);

describe("laws", () => {
  const predictions = [...metrics.text[0].hypotheses, ...metrics.text[1].hypotheses];
  const references = [...metrics.text[0].references, ...metrics.text[1].references];

  it.each(bleuTokenizers)("a text scores 100 against itself, %s", (tokenizer) => {
    expectClose(corpusBleu({ predictions: references, references, tokenizer }).score, 100);
  });

  it("does not depend on the order of the segments or of a segment's references", () => {
    const order = predictions.map((_, index) => (index * 37 + 5) % predictions.length);
    expect(new Set(order).size).toBe(predictions.length);
    const pairs = references.map((reference, index) => [reference, references[(index + 1) % 64]]);
    const straight = corpusBleu({ predictions, references: pairs });
    const shuffled = corpusBleu({
      predictions: order.map((index) => predictions[index]),
      references: order.map((index) => [...pairs[index]].reverse()),
    });
    expect(shuffled).toEqual(straight);
  });

  it("one more reference never takes a match away", () => {
    const one = corpusBleu({ predictions, references });
    const two = corpusBleu({
      predictions,
      references: references.map((reference, index) => [reference, references[(index + 3) % 64]]),
    });
    two.counts.forEach((count, order) => expect(count).toBeGreaterThanOrEqual(one.counts[order]));
  });

  it("stays between 0 and 100", () => {
    for (const { predictions, references, options } of recorded.bleu) {
      const { score } = corpusBleu({ predictions, references, ...(options as BleuOptions) });
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(100 + 1e-9);
    }
  });
});

describe("edges", () => {
  it("scores 0 for an empty prediction, an empty reference, and nothing in common", () => {
    expect(sentenceBleu({ prediction: "", references: "a b c d" })).toMatchObject({
      score: 0,
      brevityPenalty: 0,
      predictionLength: 0,
      referenceLength: 4,
    });
    expect(sentenceBleu({ prediction: "a b c d", references: "" })).toMatchObject({
      score: 0,
      brevityPenalty: 1,
    });
    expect(sentenceBleu({ prediction: "", references: "" }).score).toBe(0);
    expect(sentenceBleu({ prediction: "x", references: "y" }).score).toBe(0);
  });

  it("scores a text of one character: 100 by the orders it has, 0 when all four are demanded", () => {
    expectClose(sentenceBleu({ prediction: "好", references: "好", tokenizer: "char" }).score, 100);
    const demanded = { tokenizer: "char", effectiveOrder: false } as const;
    expect(sentenceBleu({ prediction: "好", references: "好", ...demanded }).score).toBe(0);
  });

  it("tells tokens apart that would look alike when joined", () => {
    const { counts } = corpusBleu({ predictions: ["ab c"], references: ["a bc"], tokenizer: "none" });
    expect(counts).toEqual([0, 0, 0, 0]);
  });

  it("counts more distinct tokens than one UTF-16 unit can number", () => {
    const words = Array.from({ length: 70_000 }, (_, index) => `w${index}`).join(" ");
    const { counts } = corpusBleu({ predictions: [words], references: [words], tokenizer: "none" });
    expect(counts).toEqual([70_000, 69_999, 69_998, 69_997]);
  });

  it("warns of a hundred predictions that look tokenised, unless forced", () => {
    const predictions = new Array<string>(100).fill("It works .");
    const warnings: string[] = [];
    const onWarning = (warning: string | Phrase) => warnings.push(sayPhrase(warning));
    corpusBleu({ predictions, references: predictions, force: true, onWarning });
    corpusBleu({ predictions: predictions.slice(1), references: predictions.slice(1), onWarning });
    expect(warnings).toEqual([]);
    corpusBleu({ predictions, references: predictions, onWarning });
    expect(warnings).toEqual([expect.stringContaining("100 predictions end in")]);
  });

  it("writes a smoothing value with two decimals, a tie to the even digit", () => {
    const signatureOf = (smoothingValue: number) =>
      sentenceBleu({ prediction: "a", references: "a", smoothing: "floor", smoothingValue }).signature;
    expect(signatureOf(0.125)).toContain("floor[0.12]");
    expect(signatureOf(0.375)).toContain("floor[0.38]");
    expect(signatureOf(0.135)).toContain("floor[0.14]");
    expect(signatureOf(2)).toContain("floor[2.00]");
  });

  it("says what is wrong with its input", () => {
    expect(() => corpusBleu({ predictions: ["a"], references: ["a", "b"] })).toThrow(
      new SegmentError(
        "expected one prediction for each reference, got 1 predictions and 2 references",
        1,
        2,
      ),
    );
    expect(() => corpusBleu({ predictions: [], references: [] })).toThrow("at least one prediction");
    expect(() => corpusBleu({ predictions: ["a", "b"], references: ["a", []] })).toThrow(
      "references of segment 2",
    );
    expect(() => corpusBleu({ predictions: ["a"], references: ["a"], maxOrder: 0 })).toThrow(
      MetricOptionError,
    );
    const smoothing = "exponential" as "exp";
    expect(() => corpusBleu({ predictions: ["a"], references: ["a"], smoothing })).toThrow(
      'option smoothing: expected one of none, floor, add-k, exp, got "exponential"',
    );
    expect(() => corpusBleu({ predictions: ["a"], references: ["a"], smoothingValue: Number.NaN })).toThrow(
      "smoothingValue",
    );
  });
});

describe("tokenizeForBleu", () => {
  it.each<[BleuTokenizer, string, string[]]>([
    ["13a", "It's $1,000.50, isn't it?", ["It's", "$", "1,000.50", ",", "isn't", "it", "?"]],
    ["13a", "&quot;A&amp;B&quot;", ['"', "A", "&", "B", '"']],
    ["13a", "1990-2000", ["1990", "-", "2000"]],
    ["intl", "a “5.5”—€3", ["a", "“", "5.5", "”", "—", "€", "3"]],
    // At the start of a line, punctuation has nothing before it that is no number.
    ["intl", "“5", ["“5"]],
    ["zh", "退款30元,OK。", ["退", "款", "30", "元", ",", "OK", "。"]],
    ["zh", "a—b", ["a", "—", "b"]],
    ["char", "a 😀好", ["a", "😀", "好"]],
    ["none", " a,b\u3000c\u0085d\ufeff ", ["a,b", "c", "d\ufeff"]],
  ])("%s of %j", (tokenizer, line, tokens) => {
    expect(tokenizeForBleu(line, tokenizer)).toEqual(tokens);
  });
});
