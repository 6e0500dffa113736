import { describe, expect, it } from "vitest";
import { ExpertForecast } from "./expert-forecast.js";

const mixture = { expertCount: 256, expertsPerToken: 8 };

describe("ExpertForecast", () => {
  it("expects all experts from as many tokens on as even routing takes, and none before", () => {
    const forecast = new ExpertForecast();
    // 1 − (1 − 8 / 256)^n ≥ 0.95 from n = ln 0.05 / ln (1 − 1 / 32) = 94.4 on.
    expect(forecast.likely(0, 94, mixture).size).toBe(0);
    expect(forecast.likely(0, 95, mixture).size).toBe(256);
  });

  it("follows the tokens of a layer: experts that nobody chooses are left out, those that all choose come at once", () => {
    const forecast = new ExpertForecast();
    const favoured = [3, 5, 8, 13, 21, 34, 55, 89];
    const chosen = Int32Array.from({ length: 10_000 * 8 }, (_, i) => favoured[i % 8]);
    forecast.note(4, chosen, mixture);
    expect([...forecast.likely(4, 1, mixture)].sort((a, b) => a - b)).toEqual(favoured);
    expect([...forecast.likely(4, 200, mixture)].sort((a, b) => a - b)).toEqual(favoured);
    // Another layer is another matter.
    expect(forecast.likely(5, 200, mixture).size).toBe(256);
  });
});
