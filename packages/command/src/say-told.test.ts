import { phrase } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { sayTold } from "./say-told.js";

const chinese = { rows: "行", "{0} of {1}": "{1} 中的 {0}" };

describe("sayTold", () => {
  it("says phrases in the language, leaves texts as they are and sets paragraphs apart", () => {
    expect(sayTold(["rows", phrase`rows`, phrase`${1} of ${phrase`rows`}`], chinese)).toBe(
      "rows\n\n行\n\n行 中的 1",
    );
    expect(sayTold([phrase`${1} of ${phrase`rows`}`])).toBe("1 of rows");
    expect(sayTold([])).toBe("");
  });

  it("has a line for each fact and each sentence", () => {
    const told = [{ facts: [[phrase`rows`, "rows"] as const] }, { lines: ["a", phrase`rows`] }];
    expect(sayTold(told, chinese)).toBe(`行${" ".repeat(18)}rows\n\na\n行`);
  });

  it("shows what is not known as a dash, and numbers to the right", () => {
    const table = { head: [phrase`rows`, "b"], rows: [[1234, null] as const, [5, undefined] as const] };
    expect(sayTold([table], chinese).split("\n")).toEqual(["   行  b", "─────  ─", "1,234  –", "    5  –"]);
  });

  it("has sentences right below a table, without an empty line", () => {
    const table = { head: ["a"], rows: [["b"]], below: [phrase`rows`, "c"] };
    expect(sayTold([table, "d"], chinese)).toBe("a\n─\nb\n行\nc\n\nd");
  });

  it("takes the text of a name for no phrase", () => {
    expect(sayTold([{ head: ["rows"], rows: [["rows"]] }], chinese)).toBe("rows\n────\nrows");
  });
});
