import { describe, expect, it } from "vitest";
import recorded from "../../fixtures/llama-factory.json" with { type: "json" };
import metrics from "../../fixtures/metrics.json" with { type: "json" };
import { cutByJieba } from "./jieba-words.js";
import { llamaFactoryScores } from "./llama-factory.js";

const spaces = (text: string): string[] => text.split(" ");

describe("ROUGE as rouge_chinese computes it, by hand", () => {
  it("counts a repeated word once in ROUGE-1 and -2, every time in ROUGE-L", () => {
    const { rouge1, rouge2, rougeL } = llamaFactoryScores("a a b", ["a b c"], spaces);
    // {a, b} of {a, b, c}: precision 1, recall 2/3. {aa, ab} of {ab, bc}: 1/2 and 1/2. "a b": 2/3 and 2/3.
    expect(rouge1).toBe(80);
    expect(rouge2).toBe(50);
    expect(rougeL).toBe(66.6667);
  });

  it("is 0 where a text has no word, and takes the best reference", () => {
    expect(llamaFactoryScores(" ", ["a"], spaces)).toMatchObject({ rouge1: 0, rouge2: 0, rougeL: 0 });
    expect(llamaFactoryScores("a", [" "], spaces)).toMatchObject({ rouge1: 0, rougeL: 0 });
    expect(llamaFactoryScores("a b", ["c d", "a b"], spaces)).toEqual({
      bleu4: expect.any(Number) as number,
      rouge1: 100,
      rouge2: 100,
      rougeL: 100,
    });
  });
});

it("BLEU-4 is NLTK's with smoothing method 3, to four places", () => {
  const chinese = metrics.text[1];
  chinese.hypotheses.forEach((prediction, row) => {
    const { bleu4 } = llamaFactoryScores(prediction, [chinese.references[row]], spaces);
    expect(bleu4).toBeCloseTo(100 * chinese.sentence_bleu_char_smoothing3[row], 3);
  });
});

describe("what LLaMA-Factory's metric computed with jieba and rouge_chinese", () => {
  it.each(recorded.rows.map((row, index) => ({ ...row, index })))(
    "row $index: words",
    ({ prediction, words }) => {
      expect(cutByJieba(prediction)).toEqual(words);
    },
  );

  it.each(recorded.rows.map((row, index) => ({ ...row, index })))(
    "row $index: scores",
    ({ prediction, reference, scores }) => {
      const actual = llamaFactoryScores(prediction, [reference]);
      // Both are rounded to four places.
      expect(actual.bleu4).toBeCloseTo(scores["bleu-4"], 3);
      expect(actual.rouge1).toBeCloseTo(scores["rouge-1"], 3);
      expect(actual.rouge2).toBeCloseTo(scores["rouge-2"], 3);
      expect(actual.rougeL).toBeCloseTo(scores["rouge-l"], 3);
    },
  );
});

it("jieba finds words, new ones too", () => {
  // The examples of jieba's own README.
  expect(cutByJieba("我来到北京清华大学")).toEqual(["我", "来到", "北京", "清华大学"]);
  expect(cutByJieba("他来到了网易杭研大厦")).toEqual(["他", "来到", "了", "网易", "杭研", "大厦"]);
});
