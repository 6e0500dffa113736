import { isInputError, type Phrase, sayPhrase } from "@lathe/files";
import { describe, expect, it } from "vitest";
import metrics from "../../fixtures/metrics.json" with { type: "json" };
import { MetricOptionError, SegmentError, UnknownMetricError } from "../errors.js";
import { evaluateText } from "./evaluate-text.js";
import { metricNames, metricTable, resolveMetricNames } from "./metric-names.js";

const [english, chinese] = metrics.text as [(typeof metrics.text)[0], (typeof metrics.text)[1]];

describe.each([english, chinese])("scores by name, $name", (text) => {
  const { hypotheses: predictions, references } = text;

  it("gives what the reference implementations give, the language found by itself", () => {
    const { scores, language, segments } = evaluateText({
      predictions,
      references,
      metrics: ["bleu", "bleu-char", "sentence-bleu-char", "chrf", "chrf++", "rouge"],
    });
    expect({ language, segments }).toEqual({ language: text.name, segments: 32 });
    const bleuOf = (tokenize: string) => text.bleu.find((entry) => entry.tokenize === tokenize)!.score;
    const meanOf = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(scores.bleu).toBeCloseTo(bleuOf(text.name === "zh" ? "zh" : "13a"), 6);
    expect(scores["bleu-char"]).toBeCloseTo(bleuOf("char"), 6);
    expect(scores["sentence-bleu-char"]).toBeCloseTo(100 * meanOf(text.sentence_bleu_char_smoothing3), 6);
    expect(scores.chrf).toBeCloseTo(text.chrf.score, 6);
    expect(scores["chrf++"]).toBeCloseTo(text.chrf.chrfpp, 6);
    expect(scores.rouge1).toBeCloseTo(text.rouge_f1_mean.rouge1_fmeasure, 6);
    expect(scores.rouge2).toBeCloseTo(text.rouge_f1_mean.rouge2_fmeasure, 6);
    expect(scores.rougeL).toBeCloseTo(text.rouge_f1_mean.rougeL_fmeasure, 6);
  });

  it("gives a score and, when asked, one for each segment, in the unit of its table", () => {
    const result = evaluateText({
      predictions,
      references,
      metrics: metricNames,
      options: { perSegment: true },
    });
    expect(Object.keys(result.scores)).toEqual(metricNames);
    for (const name of metricNames) {
      const most = { points: 100, fraction: 1, ratio: 3 }[metricTable[name].unit];
      const values = [result.scores[name]!, ...result.perSegment![name]!];
      expect(values, name).toHaveLength(33);
      expect(Math.min(...values), name).toBeGreaterThanOrEqual(0);
      expect(Math.max(...values), name).toBeLessThanOrEqual(most + 1e-9);
      // Texts of people do not repeat themselves.
      if (name !== "repetition" && name !== "length-ratio")
        expect(Math.max(...values), name).toBeGreaterThan(most / 2);
    }
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });
});

describe("options", () => {
  const texts = { predictions: ["再见，Peter！"], references: ["再见,peter!"] };

  it("tokeniser of bleu, lower case", () => {
    const bleu = (options: object) => evaluateText({ ...texts, metrics: ["bleu"], options }).details.bleu;
    expect(bleu({})).toMatchObject({
      signature: "nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:2.6.0",
    });
    expect(
      bleu({ tokenizer: "char", lowercase: true, smoothing: "add-k", effectiveOrder: true }),
    ).toMatchObject({
      signature: "nrefs:1|case:lc|eff:yes|tok:char|smooth:add-k[1.00]|version:2.6.0",
    });
  });

  it("language of exact match and ROUGE", () => {
    const run = (language: "en" | "zh") =>
      evaluateText({ ...texts, metrics: ["exact-match", "rouge1"], options: { language } }).scores;
    expect(run("zh")).toEqual({ "exact-match": 100, rouge1: 1 });
    expect(run("en")).toEqual({ "exact-match": 0, rouge1: 1 });
  });

  it("stemming of ROUGE", () => {
    const run = (stem: boolean) =>
      evaluateText({
        predictions: ["delivered parcels"],
        references: ["delivering a parcel"],
        metrics: ["rouge1"],
        options: { stem },
      }).scores.rouge1;
    expect(run(false)).toBe(0);
    expect(run(true)).toBeCloseTo(0.8, 12);
  });

  it("passes warnings on", () => {
    const warnings: string[] = [];
    const predictions = new Array<string>(100).fill("Done .");
    const options = { onWarning: (warning: string | Phrase) => warnings.push(sayPhrase(warning)) };
    evaluateText({ predictions, references: predictions, metrics: ["bleu"], options });
    expect(warnings).toHaveLength(1);
  });
});

describe("names", () => {
  it("resolves groups and spellings, each metric once", () => {
    expect(resolveMetricNames(["BLEU", "rouge", "ROUGE-L", "exact_match", "em", " chrF++ "])).toEqual([
      "bleu",
      "rouge1",
      "rouge2",
      "rougeL",
      "exact-match",
      "chrf++",
    ]);
  });

  it.each([
    ["blue", "bleu"],
    ["bleu-cha", "bleu-char"],
    ["rogue", "rouge"],
    ["acuracy", "accuracy"],
    ["exactmatch", "exact-match"],
  ])("names the nearest to %s: %s", (given, nearest) => {
    expect(() => evaluateText({ predictions: ["a"], references: ["a"], metrics: [given] })).toThrow(
      UnknownMetricError,
    );
    expect(() => resolveMetricNames([given])).toThrow(
      `unknown metric "${given}": did you mean "${nearest}"?`,
    );
  });
});

it("says that input is at fault, with both lengths", () => {
  const faults: [() => unknown, new (...parts: never[]) => Error][] = [
    [() => evaluateText({ predictions: ["a"], references: ["a", "b"], metrics: ["bleu"] }), SegmentError],
    [() => evaluateText({ predictions: ["a"], references: ["a"], metrics: [] }), MetricOptionError],
    [() => evaluateText({ predictions: ["a"], references: ["a"], metrics: ["x"] }), UnknownMetricError],
  ];
  for (const [run, kind] of faults) {
    const error = caught(run);
    expect(error).toBeInstanceOf(kind);
    expect(isInputError(error)).toBe(true);
  }
  expect(caught(faults[0][0])).toMatchObject({ predictionCount: 1, referenceCount: 2 });
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}

it("scores ten thousand segments within seconds", () => {
  const predictions = Array.from({ length: 10_000 }, (_, index) => {
    return `${english.hypotheses[index % 32]} ${english.hypotheses[(index * 7 + 3) % 32]} ${index}`;
  });
  const references = Array.from({ length: 10_000 }, (_, index) => {
    return `${english.references[index % 32]} ${english.references[(index * 7 + 3) % 32]} ${index}`;
  });
  const start = performance.now();
  evaluateText({ predictions, references, metrics: ["bleu", "rouge", "rougeLsum", "f1"] });
  // An implementation that is quadratic in the corpus takes minutes; the rest is room for a busy machine.
  expect(performance.now() - start).toBeLessThan(30_000);
});

it("refuses a list of labels without one", () => {
  const texts = { predictions: ["a"], references: ["a"], metrics: ["macro-f1"] };
  expect(() => evaluateText({ ...texts, options: { labels: [] } })).toThrow("at least one label");
});
