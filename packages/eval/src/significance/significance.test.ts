import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { describe, expect, it } from "vitest";
import recorded from "../../fixtures/agreement.json" with { type: "json" };
import { bleuStatistics } from "../metrics/bleu.js";
import { bootstrapPValue, bootstrapScores, percentileInterval } from "./bootstrap.js";
import { pairedPermutationTest } from "./paired-permutation-test.js";
import { permutationTest } from "./permutation-test.js";
import { GatheredStatistics } from "./gathered-statistics.js";
import { RunningScore } from "./running-score.js";
import { compactStatistics, meanStatistics, scoreOf } from "./segment-statistics.js";

describe("statistics of segments", () => {
  it.each([
    { numbers: [0, 1, 65_535], bytes: 2 },
    { numbers: [0, 65_536, 2 ** 32 - 1], bytes: 4 },
    { numbers: [0, 2 ** 32], bytes: 8 },
    { numbers: [1, 0.5], bytes: 8 },
    { numbers: [1, -1], bytes: 8 },
    { numbers: [1, NaN], bytes: 8 },
  ])("$numbers take $bytes bytes each and stay what they are, gathered too", ({ numbers, bytes }) => {
    const compact = compactStatistics(meanStatistics(numbers));
    expect(compact.values.BYTES_PER_ELEMENT).toBe(bytes);
    expect(Array.from(compact.values)).toEqual(numbers);
    for (const expected of [0, 2, 9]) {
      const gathered = new GatheredStatistics(expected);
      for (const part of [[7], numbers, [8, 9]]) gathered.add(meanStatistics(part));
      const { values, segments } = gathered.whole();
      expect(values.BYTES_PER_ELEMENT).toBe(bytes);
      expect(Array.from(values)).toEqual([7, ...numbers, 8, 9]);
      expect(segments).toBe(numbers.length + 3);
    }
  });

  it("of which only sums are kept give the score of all", () => {
    const running = new RunningScore();
    expect(running.score).toBeNaN();
    for (const part of [[0.1, 0.2], [0.7], [1, 0.3]]) running.add(meanStatistics(part));
    expect(running.score).toBe(scoreOf(meanStatistics([0.1, 0.2, 0.7, 1, 0.3])));
  });
});

describe("exact tests", () => {
  it.each(recorded.permutation.paired)("paired: $a, $b", ({ a, b, observed, two_sided, greater }) => {
    const result = pairedPermutationTest(meanStatistics(a), meanStatistics(b));
    expect(result.difference).toBeCloseTo(observed, 12);
    expect(result).toMatchObject({ pValue: two_sided, greater, exact: true });
  });

  it.each(recorded.permutation.independent)(
    "independent: $a, $b",
    ({ a, b, observed, two_sided, greater }) => {
      const result = permutationTest(a, b);
      expect(result.difference).toBeCloseTo(observed, 12);
      expect(result.pValue).toBeCloseTo(two_sided, 12);
      expect(result.greater).toBeCloseTo(greater, 12);
      expect(result.exact).toBe(true);
    },
  );
});

describe("samples", () => {
  const { a, b, two_sided } = recorded.permutation.paired[0];

  it("come near the exact share, the same for the same seed", () => {
    const sampled = (seed: number) =>
      pairedPermutationTest(meanStatistics(a), meanStatistics(b), { exactUpTo: 1, seed });
    expect(sampled(1)).toEqual(sampled(1));
    // Four standard errors of 10,000 draws.
    expect(Math.abs(sampled(1).pValue - two_sided)).toBeLessThan(0.02);
    expect(sampled(1).exact).toBe(false);
  });

  it("of two groups come near the exact share", () => {
    const { a: first, b: second, two_sided: share } = recorded.permutation.independent[0];
    const { pValue } = permutationTest(first, second, { exactUpTo: 1 });
    expect(Math.abs(pValue - share)).toBeLessThan(0.015);
  });
});

describe("of a corpus metric", () => {
  const references = [["the cat sat on the mat"], ["a dog ran over the road"], ["we will ship it on friday"]];
  const good = references.map(([reference]) => reference);
  const poor = ["the cat sat on a mat", "a dog ran on the road now", "we ship it friday"];
  const of = (predictions: readonly string[]) => bleuStatistics(predictions, references, {});

  it("swaps go through every arrangement of the counts", () => {
    const { difference, pValue, exact } = pairedPermutationTest(of(good), of(poor));
    expect(difference).toBeCloseTo(scoreOf(of(good)) - scoreOf(of(poor)), 12);
    expect(exact).toBe(true);
    // All 8 arrangements by hand.
    const differences = Array.from({ length: 8 }, (_, swaps) => {
      const pick = (own: readonly string[], other: readonly string[]) =>
        own.map((text, row) => ((swaps >> row) & 1 ? other[row] : text));
      return scoreOf(of(pick(good, poor))) - scoreOf(of(pick(poor, good)));
    });
    const asFar = differences.filter((other) => Math.abs(other) >= Math.abs(difference) - 1e-9).length;
    expect(pValue).toBe(asFar / 8);
  });

  it("a system against itself differs in nothing", () => {
    expect(pairedPermutationTest(of(poor), of(poor))).toEqual({
      difference: 0,
      pValue: 1,
      greater: 1,
      exact: true,
    });
  });
});

describe("the bootstrap", () => {
  const scores = Array.from({ length: 400 }, (_, row) => ((row * 7919) % 101) / 101);
  const statistics = meanStatistics(scores);

  it("spreads as the standard error of a mean says", () => {
    const [resampled] = bootstrapScores([statistics], { resamples: 4000 });
    const mean = scoreOf(statistics);
    const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length);
    const [least, greatest] = percentileInterval(resampled);
    expect(least).toBeLessThan(mean);
    expect(greatest).toBeGreaterThan(mean);
    const expected = (2 * 1.96 * deviation) / Math.sqrt(scores.length);
    expect(Math.abs(greatest - least - expected)).toBeLessThan(0.08 * expected);
  });

  it("is the score of the rows drawn, one after the other, whatever holds their numbers", () => {
    // 300 rows and 11 resamples: neither is a multiple of those that are looked at together.
    const width = 3;
    const segments = 300;
    const counts = Float64Array.from({ length: segments * width }, (_, at) => (at * 7919) % 1009);
    const large = counts.map((count) => count * 70_001);
    const score = (sums: Float64Array): number => sums[0] / (1 + sums[1]) + sums[2];
    const kinds = [counts, Uint16Array.from(counts), large, Uint32Array.from(large)];
    const drawn = bootstrapScores(
      kinds.map((values) => ({ segments, width, values, score })),
      { resamples: 11, seed: 5 },
    );
    const random = xoroshiro128plus(5);
    for (let resample = 0; resample < 11; resample++) {
      const sums = new Float64Array(width);
      const largeSums = new Float64Array(width);
      for (let draw = 0; draw < segments; draw++) {
        const row = uniformInt(random, 0, segments - 1);
        for (let place = 0; place < width; place++) {
          sums[place] += counts[row * width + place];
          largeSums[place] += large[row * width + place];
        }
      }
      const expected = [sums, sums, largeSums, largeSums].map(score);
      expect(drawn.map((scores) => scores[resample])).toEqual(expected);
    }
  });

  it("gives all systems the same rows", () => {
    const shifted = meanStatistics(scores.map((score) => score + 1));
    const [first, second] = bootstrapScores([statistics, shifted], { resamples: 50 });
    first.forEach((score, resample) => expect(second[resample] - score).toBeCloseTo(1, 9));
  });

  it("percentiles are linear between neighbours", () => {
    const numbers = Float64Array.from({ length: 101 }, (_, place) => 100 - place);
    const [least, greatest] = percentileInterval(numbers, 0.95);
    expect(least).toBeCloseTo(2.5, 12);
    expect(greatest).toBeCloseTo(97.5, 12);
    expect(percentileInterval(Float64Array.of(3))).toEqual([3, 3]);
  });

  it("a p-value counts itself in", () => {
    const differences = Float64Array.of(1, 2, 3, 4, 5);
    expect(bootstrapPValue(differences, 2)).toBe(3 / 6);
    expect(bootstrapPValue(differences, 3)).toBe(1 / 6);
  });
});
