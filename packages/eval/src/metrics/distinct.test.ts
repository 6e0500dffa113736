import { expect, it } from "vitest";
import recorded from "../../fixtures/classification.json" with { type: "json" };
import { distinct } from "./distinct.js";

const cases = recorded.text.flatMap(({ name, hypotheses, distinct: expected }) =>
  ([1, 2] as const).map((order) => ({ name, order, hypotheses, expected: expected[`distinct_${order}`] })),
);

it.each(cases)("distinct-$order, $name", ({ name, order, hypotheses, expected }) => {
  const actual = distinct(hypotheses, order, name as "en" | "zh");
  expect(actual).toMatchObject({ unique: expected.unique, total: expected.total });
  expect(actual.corpus).toBeCloseTo(expected.corpus, 12);
  expect(actual.meanOfTexts).toBeCloseTo(expected.mean_of_rows, 12);
});

it("is 0 of texts without an n-gram", () => {
  expect(distinct(["", "one"], 2, "en")).toEqual({ unique: 0, total: 0, corpus: 0, meanOfTexts: 0 });
});
