import { expect, it } from "vitest";
import { growthOf } from "./serve-soak-command.js";

it("tells what grows to the end from what grew at the beginning", () => {
  const course = (value: (at: number) => number) =>
    growthOf(Array.from({ length: 50 }, (_, at) => value(at)));
  expect(course((at) => (at < 10 ? 10 + at : 100))).toBe(0);
  expect(course((at) => 100 + at)).toBeCloseTo(140 / 110 - 1, 12);
  // What is collected again is no growth.
  expect(course((at) => 100 + (at % 10))).toBe(0);
});
