import { expect, it } from "vitest";
import { MetricOptionError } from "../errors.js";
import { perplexity } from "./perplexity.js";

it("is the number of equally likely tokens", () => {
  for (const choices of [1, 2, 151_936]) {
    expect(perplexity(37 * Math.log(choices), 37) / choices).toBeCloseTo(1, 12);
  }
});

it("weighs tokens, not texts", () => {
  expect(perplexity(10 + 2, 5 + 1)).toBe(Math.exp(2));
});

it("refuses no tokens and sums that cannot be", () => {
  for (const tokens of [0, -1, 1.5, Number.NaN])
    expect(() => perplexity(1, tokens)).toThrow(MetricOptionError);
  for (const sum of [-1, Number.NaN]) expect(() => perplexity(sum, 1)).toThrow(MetricOptionError);
});
