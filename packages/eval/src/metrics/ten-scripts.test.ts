import { describe, expect, it } from "vitest";
import recorded from "../../fixtures/ten-scripts.json" with { type: "json" };
import { corpusBleu } from "./bleu.js";
import type { BleuTokenizer } from "./bleu-tokenizer.js";
import { corpusChrf } from "./chrf.js";
import { characterSentenceBleu } from "./nltk-bleu.js";
import { corpusRouge } from "./rouge.js";
import { corpusTer } from "./ter.js";

type Texts = { readonly predictions: readonly string[]; readonly references: readonly string[] };
type Scored = { readonly score: number; readonly signature: string };

const bleu =
  (tokenizer: BleuTokenizer, lowercase = false) =>
  (texts: Texts): Scored =>
    corpusBleu({ ...texts, tokenizer, lowercase, effectiveOrder: true });
const metrics: Record<string, (texts: Texts) => Scored> = {
  "bleu 13a": bleu("13a"),
  "bleu intl": bleu("intl"),
  "bleu zh": bleu("zh"),
  "bleu char": bleu("char"),
  "bleu 13a lower": bleu("13a", true),
  chrf: (texts) => corpusChrf(texts),
  "chrf++": (texts) => corpusChrf({ ...texts, wordOrder: 2 }),
  "chrf lower": (texts) => corpusChrf({ ...texts, lowercase: true }),
  ter: (texts) => corpusTer(texts),
  "ter normalized": (texts) =>
    corpusTer({ ...texts, normalized: true, asianSupport: true, noPunctuation: true }),
};

it("holds ten scripts", () => {
  expect(recorded.cases).toHaveLength(10);
});

describe.each(recorded.cases)("$script", ({ predictions, references, scores, characterBleu, rouge }) => {
  it.each(Object.entries(scores))("%s is sacreBLEU's, of the corpus and of each text", (name, expected) => {
    const measure = metrics[name];
    const corpus = measure({ predictions, references });
    expect(corpus.score).toBeCloseTo(expected.corpus, 8);
    expect(corpus.signature).toBe(expected.signature);
    for (const [row, prediction] of predictions.entries()) {
      const { score } = measure({ predictions: [prediction], references: [references[row]] });
      const what = `${JSON.stringify(prediction)} against ${JSON.stringify(references[row])}`;
      expect(score, what).toBeCloseTo(expected.sentences[row], 8);
    }
  });

  it("BLEU by character is NLTK's with smoothing method 3", () => {
    for (const [row, prediction] of predictions.entries()) {
      expect(characterSentenceBleu(prediction, references[row]), `row ${row}`).toBeCloseTo(
        characterBleu[row],
        10,
      );
    }
  });

  it.each(["plain", "stemmed"] as const)("ROUGE, %s, is TorchMetrics'", (kind) => {
    const actual = corpusRouge({ predictions, references, stem: kind === "stemmed" });
    for (const name of ["rouge1", "rouge2", "rougeL"] as const) {
      for (const field of ["precision", "recall", "fmeasure"] as const) {
        // TorchMetrics computes in single precision.
        expect(Math.abs(actual[name][field] - rouge[kind][name][field]), `${name} ${field}`).toBeLessThan(
          1e-6,
        );
      }
    }
  });
});
