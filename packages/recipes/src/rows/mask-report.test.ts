import { expect, it } from "vitest";
import { maskReport } from "./mask-report.js";

const row = (...labels: number[]) => ({
  inputIds: Int32Array.from(labels, (label) => Math.max(label, 0)),
  labels: Int32Array.from(labels),
});
const sourceOf = (rows: readonly ReturnType<typeof row>[]) => ({
  length: rows.length,
  row: (index: number) => rows[index],
});

it("counts labels after the first token, rows that learn an end token, and the longest rows", () => {
  const rows = sourceOf([
    row(5, -100, 7, 2), // the first has nothing before it
    row(2, 7, 7), // an end token as first is not learnt
    row(-100, -100, 9),
    row(-100, 3, 4, 4, 2, 8),
  ]);
  expect(maskReport(rows, [2, 3])).toEqual({
    rows: 4,
    tokens: 16,
    scoredTokens: 2 + 2 + 1 + 5,
    rowsWithEnd: 2,
    longest: [6, 4, 3],
  });
  expect(maskReport(rows, []).rowsWithEnd).toBe(0);
  expect(maskReport(sourceOf([]), [2])).toEqual({
    rows: 0,
    tokens: 0,
    scoredTokens: 0,
    rowsWithEnd: 0,
    longest: [],
  });
});
