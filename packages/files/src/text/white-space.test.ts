import { describe, expect, it } from "vitest";
import { isWhiteSpace, splitWhiteSpace, strip, stripEnd, stripStart } from "./white-space.js";

// CPython 3: [c for c in range(0x110000) if chr(c).isspace()]
const spaces = [
  0x9, 0xa, 0xb, 0xc, 0xd, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003,
  0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
];

describe("white space", () => {
  it("is what Python takes for it, and nothing else", () => {
    const found = Array.from({ length: 0x10000 }, (_, code) => code).filter((code) =>
      isWhiteSpace(String.fromCharCode(code)),
    );
    expect(found).toEqual(spaces);
  });

  it("parts words and is taken off ends, where U+FEFF stays", () => {
    const all = String.fromCharCode(...spaces);
    expect(splitWhiteSpace(`${all}a\u{1F600}${all}\uFEFFb${all}`)).toEqual(["a\u{1F600}", "\uFEFFb"]);
    expect(strip(`${all}\uFEFFa b${all}`)).toBe("\uFEFFa b");
    expect(stripStart(`${all}a${all}`)).toBe(`a${all}`);
    expect(stripEnd(`${all}a${all}`)).toBe(`${all}a`);
    expect([strip(all), splitWhiteSpace(all)]).toEqual(["", []]);
  });
});
