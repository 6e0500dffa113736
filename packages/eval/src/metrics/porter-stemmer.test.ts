import { expect, it } from "vitest";
import recorded from "../../fixtures/recorded.json" with { type: "json" };
import { porterStem } from "./porter-stemmer.js";

it("agrees with NLTK on every recorded word", () => {
  const words = Object.keys(recorded.stems);
  expect(words.length).toBeGreaterThan(1000);
  expect(Object.fromEntries(words.map((word) => [word, porterStem(word)]))).toEqual(recorded.stems);
});

it("leaves words of one or two letters alone", () => {
  for (const word of ["", "s", "as", "by"]) expect(porterStem(word)).toBe(word);
});
