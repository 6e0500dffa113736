import { describe, expect, it } from "vitest";
import { formatTable, markdownTable } from "./table.js";

const table = {
  columns: ["", "ms", "ratio"],
  rows: [
    ["Lathe", "12", ""],
    ["a|b", "1234", "2.00 ×"],
  ],
};

describe("formatTable", () => {
  it("puts names left and numbers right, without spaces at the end of a line", () => {
    expect(formatTable(table)).toBe(["         ms   ratio", "Lathe    12", "a|b    1234  2.00 ×"].join("\n"));
  });
});

describe("markdownTable", () => {
  it("escapes what would end a cell", () => {
    expect(markdownTable(table).split("\n")).toEqual([
      "|  | ms | ratio |",
      "| --- | ---: | ---: |",
      "| Lathe | 12 |  |",
      "| a\\|b | 1234 | 2.00 × |",
    ]);
  });
});
