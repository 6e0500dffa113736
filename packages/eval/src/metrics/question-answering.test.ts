import { describe, expect, it } from "vitest";
import metrics from "../../fixtures/metrics.json" with { type: "json" };
import recorded from "../../fixtures/recorded.json" with { type: "json" };
import { answerUnits, corpusExactMatch, corpusF1, exactMatch, f1Score } from "./question-answering.js";

// TorchMetrics divides in single precision and multiplies by 100 afterwards, so that its percentages are off by up to
// 4e-6 of a point; the agreement of 1e-6 is that of the fractions.
const fraction = 1e-6;
const asFractions = (actual: number, expected: number) => Math.abs(actual / 100 - expected / 100);

describe("TorchMetrics' SQuAD scores", () => {
  const { pairs, each, total } = metrics.squad;

  it.each(pairs.map((pair, index) => ({ ...pair, expected: each[index] })))(
    "$prediction against $answers",
    ({ prediction, answers: references, expected }) => {
      expect(exactMatch({ prediction, references })).toBe(expected.exact_match);
      expect(asFractions(f1Score({ prediction, references }), expected.f1)).toBeLessThanOrEqual(fraction);
    },
  );

  it("mean", () => {
    const texts = {
      predictions: pairs.map((pair) => pair.prediction),
      references: pairs.map((pair) => pair.answers),
    };
    expect(asFractions(corpusExactMatch(texts), total.exact_match)).toBeLessThanOrEqual(fraction);
    expect(asFractions(corpusF1(texts), total.f1)).toBeLessThanOrEqual(fraction);
  });

  it.each(recorded.squad.map((expected, index) => ({ index, ...expected })))(
    "random texts, case $index",
    ({ prediction, references, exactMatch: match, f1 }) => {
      expect(exactMatch({ prediction, references })).toBe(match);
      expect(asFractions(f1Score({ prediction, references }), f1)).toBeLessThanOrEqual(fraction);
    },
  );
});

it("takes for part of a word what Python does", () => {
  // Right after one of them an article is none. Two cannot be seen this way: the underscore is dropped as punctuation,
  // and the lower case of U+0130 ends in a combining dot, which is no part of a word.
  const hidden = new Set([0x5f, 0x130]);
  const wrong: number[] = [];
  for (const [first, last] of recorded.wordCharacters as [number, number][]) {
    for (let code = first; code <= last; code++) {
      if (hidden.has(code)) continue;
      const character = String.fromCodePoint(code).toLowerCase();
      if (answerUnits(`${character}the`, "en").join(" ") !== `${character}the`) wrong.push(code);
    }
  }
  expect(wrong).toEqual([]);
  for (const other of ["\u200b", "\u0301", "。", "€", "\u3000"]) {
    expect(answerUnits(`${other}the`, "en").join(" ")).not.toContain("the");
  }
});

describe("Chinese", () => {
  it("matches whatever the punctuation, the case and the space beside Han characters", () => {
    const same = { prediction: "可以， wi-fi 免 费。", references: "可以WiFi免费" };
    expect(exactMatch({ ...same, language: "zh" })).toBe(100);
    expect(exactMatch(same)).toBe(0);
    expect(exactMatch({ prediction: "SF 4471", references: "SF4471", language: "zh" })).toBe(0);
  });

  it("counts characters, and runs of others as one", () => {
    // Units 单 号 sf4471 against 包 裹 单 号 sf4471.
    const texts = { prediction: "单号SF4471。", references: "包裹单号：sf4471" };
    expect(f1Score({ ...texts, language: "zh" })).toBeCloseTo((200 * 3) / 8, 12);
  });

  it("takes a character outside the basic plane for one", () => {
    expect(f1Score({ prediction: "𠮷野", references: "𠮷田", language: "zh" })).toBe(50);
  });
});

describe("laws", () => {
  const texts = recorded.squad.flatMap(({ prediction, references }) => [prediction, ...references]);

  it.each(["en", "zh"] as const)("a text matches itself, %s", (language) => {
    for (const text of texts) {
      expect(exactMatch({ prediction: text, references: text, language })).toBe(100);
      expect(f1Score({ prediction: text, references: text, language })).toBe(100);
    }
  });

  it.each(["en", "zh"] as const)("exact match ≤ F1 ≤ 100, %s", (language) => {
    for (const { prediction, references } of recorded.squad) {
      const f1 = f1Score({ prediction, references, language });
      expect(f1).toBeLessThanOrEqual(100);
      expect(exactMatch({ prediction, references, language })).toBeLessThanOrEqual(f1);
    }
  });

  it("F1 is symmetric", () => {
    texts.slice(1).forEach((text, index) => {
      const there = f1Score({ prediction: text, references: texts[index] });
      expect(f1Score({ prediction: texts[index], references: text })).toBe(there);
    });
  });
});

describe("edges", () => {
  it("is 100 where nothing is left of either text and 0 where something is left of one", () => {
    expect(f1Score({ prediction: "", references: "The." })).toBe(100);
    expect(exactMatch({ prediction: "", references: "The." })).toBe(100);
    expect(f1Score({ prediction: "", references: "x" })).toBe(0);
    expect(f1Score({ prediction: "x", references: "" })).toBe(0);
  });

  it("refuses unknown rules", () => {
    expect(() => f1Score({ prediction: "", references: "", language: "fr" as "en" })).toThrow("language");
  });
});
