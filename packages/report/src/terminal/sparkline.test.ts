import { expect, it } from "vitest";
import { sparkline } from "./sparkline.js";

it.each<[values: number[], width: number, line: string]>([
  [[1, 2, 3, 4, 5, 6, 7, 8], 8, "▁▂▃▄▅▆▇█"],
  [[8, 8, 1, 1], 2, "█▁"],
  [[5, 5, 5], 10, "▁▁▁"],
  [[1, Number.NaN, 2], 3, "▁·█"],
  [[Number.NaN], 3, "·"],
  [[], 5, ""],
  [[1, 2], 0, ""],
])("%j in %i signs", (values, width, line) => {
  expect(sparkline(values, width)).toBe(line);
});

it("has as many signs as asked for, the lowest and the highest mean among them", () => {
  const values = Array.from({ length: 1003 }, (_, i) => Math.exp(-i / 200));
  const line = sparkline(values, 40);
  expect([...line].length).toBe(40);
  expect(line.startsWith("█")).toBe(true);
  expect(line.endsWith("▁")).toBe(true);
});
