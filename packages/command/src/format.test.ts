import { formatBytes, formatDuration, formatNumber, formatValue } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { formatFacts, formatTable, widthOf } from "./format.js";

it.each([
  [0, "0:00"],
  [75, "1:15"],
  [59.6, "1:00"],
  [3600, "1:00:00"],
  [36_061, "10:01:01"],
])("%d seconds are %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 KB"],
  [1_536_000, "1.5 MB"],
  [262_000_000_000, "262 GB"],
  [5e16, "50000 TB"],
])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

it.each([
  [3_686_400, "3,686,400"],
  [0.123456789, "0.12346"],
  [1234.5678, "1234.6"],
])("%d is shown as %s", (value, text) => expect(formatNumber(value)).toBe(text));

it.each([
  [3e-5, "3e-5"],
  [1e-8, "1e-8"],
  [0.05, "0.05"],
  [0, "0"],
])("%d is typed as %s", (value, text) => expect(formatValue(value)).toBe(text));

describe("a table", () => {
  it("has numbers to the right, texts to the left, a dash for nothing", () => {
    expect(
      formatTable(
        ["name", "rows"],
        [
          ["a", 1],
          ["longer", 1000],
          ["none", null],
        ],
      ),
    ).toBe(["name     rows", "──────  ─────", "a           1", "longer  1,000", "none        –"].join("\n"));
  });

  it("counts Chinese characters twice", () => {
    const [, line, first] = formatTable(["a", "b"], [["猫", 1]]).split("\n");
    expect([line, first]).toEqual(["──  ─", "猫  1"]);
  });
});

describe("facts", () => {
  it("have their values below each other, in scripts of any width", () => {
    const lines = formatFacts([
      ["Node", "v22"],
      ["处理器", "x86"],
      ["", "of no name"],
    ]).split("\n");
    const columns = lines.map((line, row) => widthOf(line) - widthOf(["v22", "x86", "of no name"][row]));
    expect(new Set(columns)).toEqual(new Set([20]));
    expect(lines[0]).toMatch(/^Node +v22$/);
  });

  it("keep a space behind a name that is too long, and are nothing where there are none", () => {
    expect(formatFacts([["a name of more than twenty columns", "1"]])).toBe(
      "a name of more than twenty columns 1",
    );
    expect(formatFacts([])).toBe("");
  });
});
