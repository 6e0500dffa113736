import { expect, it } from "vitest";
import { tokensTable } from "./tokens-command.js";

it("shows contestants side by side", () => {
  const own = { name: "lathe", seconds: 2, texts: 10, tokens: 900, check: 7, peakResidentBytes: 2 ** 28 };
  const peer = { ...own, name: "tokenizers", seconds: 3 };
  const { columns, rows } = tokensTable(own, [peer, { name: "other", failure: "no module" }]);
  expect(columns[0]).toBe("10 texts");
  expect(rows[0].slice(0, 6)).toEqual(["Lathe", "2.00", "450", "900", "7", "256"]);
  expect(rows[1].slice(-2)).toEqual(["1.50 ×", "1.00 ×"]);
  expect(rows[2][0]).toBe("other: no module");
});
