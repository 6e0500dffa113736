import { describe, expect, it } from "vitest";
import recorded from "../../fixtures/agreement.json" with { type: "json" };
import { agreementOf } from "./agreement.js";
import { cohenKappa, kappaWeights } from "./cohen-kappa.js";
import { fleissKappa, fleissKappaOfCounts } from "./fleiss-kappa.js";
import { krippendorffAlpha, ratingLevels } from "./krippendorff-alpha.js";
import { kendallCorrelation, spearmanCorrelation } from "./rank-correlation.js";
import { RatingError, type Ratings, tabulateRatings } from "./ratings.js";

/** Equal to a billionth, or both null. */
function expectClose(actual: number | null, expected: number | null): void {
  if (expected === null || actual === null) expect(actual).toBe(expected);
  else expect(actual).toBeCloseTo(expected, 9);
}

type Pairs = [number, number][];

/** Holds both correlations to recorded ones; null where a sequence is constant. */
function expectCorrelations(
  x: readonly number[],
  y: readonly number[],
  spearman: { readonly rho: number; readonly p: number } | null,
  kendall: { readonly tau: number; readonly p: number } | null,
): void {
  expectClose(spearmanCorrelation(x, y)?.coefficient ?? null, spearman?.rho ?? null);
  expectClose(spearmanCorrelation(x, y)?.pValue ?? null, spearman?.p ?? null);
  expectClose(kendallCorrelation(x, y)?.coefficient ?? null, kendall?.tau ?? null);
  expectClose(kendallCorrelation(x, y)?.pValue ?? null, kendall?.p ?? null);
}

describe("Krippendorff's published examples", () => {
  it.each(recorded.krippendorff_published)("$source", ({ units, alpha, printed }) => {
    for (const level of ratingLevels) {
      const expected = (alpha as Record<string, number | undefined>)[level];
      if (expected === undefined) continue;
      expectClose(krippendorffAlpha(units, level), expected);
      expect(expected).toBeCloseTo((printed as Record<string, number>)[level], 3);
    }
  });
});

it("Fleiss' published table", () => {
  const { counts, kappa, printed } = recorded.fleiss_published;
  expectClose(fleissKappaOfCounts(counts), kappa);
  expect(kappa).toBeCloseTo(printed, 3);
});

describe.each(recorded.sets)("$name", (set) => {
  const units = set.units as Ratings;
  it.each(ratingLevels)("alpha, %s", (level) =>
    expectClose(krippendorffAlpha(units, level), set.alpha[level]),
  );
  it("Fleiss' kappa", () => {
    expectClose(fleissKappa(units), set.fleiss?.kappa ?? null);
  });
  it.each(kappaWeights)("Cohen's kappa, %s", (weights) => {
    const pairs = units.map(([first, second]) => [first, second] as const);
    expectClose(cohenKappa(pairs, { weights }), set.cohen?.[weights] ?? null);
  });
  it("rank correlations of the first two", () => {
    const pairs = units.filter(([first, second]) => first !== null && second !== null);
    const [x, y] = [0, 1].map((column) => pairs.map((pair) => Number(pair[column])));
    expectCorrelations(x, y, set.spearman ?? null, set.kendall_tau_b ?? null);
  });
});

it.each(["linear", "quadratic"] as const)("labels that nobody gave count as %s distance", (weights) => {
  const { pairs, declared, only_seen } = recorded.cohen_unused_categories;
  expectClose(cohenKappa(pairs as Pairs, { weights, labels: [1, 2, 3, 4, 5] }), declared[weights]);
  expectClose(cohenKappa(pairs as Pairs, { weights }), declared[weights]);
  expectClose(cohenKappa(pairs as Pairs, { weights, labels: [1, 2, 5] }), only_seen[weights]);
});

it.each(recorded.correlations)("correlations of %j", ({ x, y, spearman, kendall_tau_b }) => {
  expectCorrelations(x, y, spearman, kendall_tau_b);
});

it("perfect order is 1, its reverse -1", () => {
  const x = [1, 2, 3, 4, 5, 6];
  expect(spearmanCorrelation(x, x)).toEqual({ coefficient: 1, pValue: 0 });
  expect(spearmanCorrelation(x, x.toReversed())?.coefficient).toBe(-1);
  expect(kendallCorrelation(x, x.toReversed())?.coefficient).toBe(-1);
});

it("coefficients do not depend on the order of annotators or units", () => {
  const units = recorded.sets[0].units as Ratings;
  const turned = units.toReversed().map((unit) => unit.toReversed());
  for (const level of ratingLevels) {
    expectClose(krippendorffAlpha(turned, level), krippendorffAlpha(units, level));
  }
  expectClose(fleissKappa(turned), fleissKappa(units));
});

describe("tables", () => {
  const named = [
    ["u1", "a", 1],
    ["u1", "b", 2],
    ["u2", "b", 3],
    ["u2", "a", 3],
    ["u3", "c", 1],
  ].map(([unit, annotator, rating]) => ({ unit, annotator, rating }) as never);

  it("come from single ratings, in any order, with gaps", () => {
    expect(tabulateRatings(named)).toEqual({
      units: ["u1", "u2", "u3"],
      annotators: ["a", "b", "c"],
      ratings: [
        [1, 2, null],
        [3, 3, null],
        [null, null, 1],
      ],
    });
  });

  it("refuse a second rating of the same unit", () => {
    expect(() => tabulateRatings([...named, named[0]])).toThrow(RatingError);
    expect(() => tabulateRatings([...named, named[0]])).toThrow('unit "u1", annotator "a"');
  });

  it("average Cohen's kappa over the pairs that have one", () => {
    const units = recorded.sets.find(({ name }) => name.startsWith("three"))!.units as Ratings;
    const annotators = ["a", "b", "c"];
    const { pairs, cohenKappa: mean } = agreementOf(
      { units: units.map(String), annotators, ratings: units },
      "ordinal",
    );
    const kappas = pairs.map(({ kappa }) => kappa.quadratic!);
    expect(pairs.map((pair) => pair.annotators)).toEqual([
      ["a", "b"],
      ["a", "c"],
      ["b", "c"],
    ]);
    expectClose(mean, (kappas[0] + kappas[1] + kappas[2]) / 3);
  });

  it("take labels that are texts at the nominal level", () => {
    const table = {
      units: ["1", "2", "3"],
      annotators: ["a", "b"],
      ratings: [
        ["good", "good"],
        ["bad", "bad"],
        ["bad", "good"],
      ],
    };
    // They agree on 2/3, and by chance on 4/9: (2/3 - 4/9) / (1 - 4/9).
    expectClose(agreementOf(table, "nominal").cohenKappa, 0.4);
  });
});
