import { describe, expect, it } from "vitest";
import { JsonError } from "./json-error.js";
import { parseJson } from "./parse-json.js";

const faultOf = (text: string, maximumDepth?: number): JsonError => {
  try {
    parseJson(text, maximumDepth === undefined ? {} : { maximumDepth });
  } catch (error) {
    expect(error).toBeInstanceOf(JsonError);
    return error as JsonError;
  }
  throw new Error(`expected ${text.slice(0, 100)} to be refused`);
};

function accepts(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A generator of numbers in [0, 1) (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("parseJson", () => {
  it.each([
    ...["0", "-0", "1e999", "12345678901234567890", "1.5E-3", '""', "true", "null", " [ ] ", "{}", "[[],{}]"],
    ...[
      '{"a":[1,{"b":null}],"c":"\\u00e9\\n"}',
      '"\ud800"',
      '{"constructor":1,"toString":2,"":3}',
      "\t[\r\n1 ]",
    ],
  ])("reads %s as JSON.parse does", (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it("takes what JSON.parse takes and no other text, for random changes of a document", () => {
    const document = '{"a": [1, -2.5e+3, "x\\n\\u0041", true], "b": {"c": null, "d": []}, "e": ""}';
    const alphabet = '{}[]",:\\ 01-+.eEtrufalsn\n\u0001x';
    for (let seed = 0; seed < 5000; seed++) {
      const next = random(seed);
      const letters = [...document];
      for (let change = 0; change <= 2; change++) {
        const at = Math.floor(next() * letters.length);
        const letter = alphabet[Math.floor(next() * alphabet.length)];
        letters.splice(at, next() < 0.7 ? 1 : 0, ...(next() < 0.7 ? [letter] : []));
      }
      const text = letters.join("");
      const isRefused = !accepts(parseJson, text);
      if (isRefused && accepts(JSON.parse, text)) {
        expect(faultOf(text).expected, `seed ${seed}: ${text}`).toBe("each key once");
      } else {
        expect(isRefused, `seed ${seed}: ${text}`).toBe(!accepts(JSON.parse, text));
      }
    }
  });

  it.each([
    ["", 1, 1, "the end of the text"],
    ["{", 1, 2, "the end of the text"],
    ["[1,\n 2,\n ]", 3, 2, '"]"'],
    ['{"a": NaN}', 1, 7, "NaN"],
    ['{"a" 1}', 1, 6, "1"],
    ["[1] x", 1, 5, "x"],
    ['{"a":1,}', 1, 8, '"}"'],
    ['["\\x"]', 1, 3, '"\\\\"'],
    ["01", 1, 2, "1"],
    ['{\n  "a": {"b": 1,\n        "\\u0062": 2}}', 3, 9, '"\\u0062" again'],
    ['[[[{"x":1}, {"a":0,"b":1,"a":2}]]]', 1, 26, '"a" again'],
    ['{"a":{"__proto__":1}}', 1, 7, '"__proto__"'],
    ['{"\\u005f_proto__":1}', 1, 2, '"__proto__"'],
  ])("refuses %j at line %i, column %i", (text, line, column, actual) => {
    expect(faultOf(text)).toMatchObject({ line, column, actual });
  });

  it("refuses nesting beyond the limit, however deep, and takes what reaches it", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(parseJson(nested(64))).toEqual(JSON.parse(nested(64)));
    expect(faultOf(nested(65))).toMatchObject({ line: 1, column: 65 });
    expect(faultOf("[".repeat(5_000_000)).expected).toContain("64 levels");
    expect(faultOf('{"a":'.repeat(3), 2).column).toBe(11);
    expect(parseJson('{"a":{"a":[]}}', { maximumDepth: 3 })).toEqual({ a: { a: [] } });
  });

  it("shows a message of one line, whatever the text holds", () => {
    for (const text of [
      '{"a\u0007": x}',
      '{"a":1,"a\u001b[31m":}',
      "\u0000",
      '"abc',
      `["${"x".repeat(1e6)}" 1]`,
    ]) {
      const { message } = faultOf(text);
      expect(message.length).toBeLessThan(200);
      expect(message).not.toMatch(/\p{Cc}/u);
    }
  });
});
