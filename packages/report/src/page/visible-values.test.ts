import { expect, it } from "vitest";
import { visibleValues } from "./visible-values.js";

it("names what would act in texts, lists and keys, and leaves other values", () => {
  const values = { "a\u202e": ["b\u202e", 1, null, true, { c: "\u0000" }], d: undefined };
  expect(visibleValues(values)).toEqual({
    "a⟦U+202E⟧": ["b⟦U+202E⟧", 1, null, true, { c: "⟦U+0000⟧" }],
    d: undefined,
  });
});

it("cuts long texts and says so", () => {
  expect(visibleValues(["abcd", "abc", "\u202e".repeat(9)], 3)).toEqual([
    "abc …",
    "abc",
    `${"⟦U+202E⟧".repeat(3)} …`,
  ]);
});
