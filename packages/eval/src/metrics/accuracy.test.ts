import { expect, it } from "vitest";
import { accuracy } from "./accuracy.js";

it("is the share of predictions that are one of their references", () => {
  const predictions = ["yes", " no\n", "No", "maybe"];
  expect(accuracy({ predictions, references: ["yes", "no", "no", ["never", "maybe"]] })).toBe(0.75);
});

it("is 1 for equal texts, empty ones too, and 0 for different ones", () => {
  expect(accuracy({ predictions: ["", "好"], references: ["", "好"] })).toBe(1);
  expect(accuracy({ predictions: ["a"], references: ["b"] })).toBe(0);
});

it("demands as many references as predictions", () => {
  expect(() => accuracy({ predictions: ["a"], references: [] })).toThrow(
    "got 1 predictions and 0 references",
  );
});
