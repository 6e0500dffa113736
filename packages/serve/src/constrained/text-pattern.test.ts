/** Texts that a schema's regular expression takes, held to the engine of JavaScript. */
import { describe, expect, it } from "vitest";
import { seededNumbers } from "../../../tensor/testing/seeded-numbers.js";
import { ByteAutomaton } from "./byte-automaton.js";
import { schemaGrammar } from "./schema-grammar.js";
import { textFormats } from "./text-formats.js";

const automatonOf = (schema: object): ByteAutomaton => new ByteAutomaton(schemaGrammar(schema));

function takes(automaton: ByteAutomaton, value: string): boolean {
  let state: ReturnType<ByteAutomaton["next"]> = automaton.start;
  for (const byte of Buffer.from(JSON.stringify(value), "utf8")) state = state && automaton.next(state, byte);
  return state?.accepts ?? false;
}

const SEED = 30;
const letters = [...'abcAB01 _-.,"\\/\n\té日本😀ß'];

/** A regular expression of what is known of them, over few letters so that texts are often found in it. */
function someExpression(draw: () => number, depth: number): string {
  const one = <Item>(items: readonly Item[]): Item => items[Math.floor(draw() * items.length)];
  const atom = (): string =>
    depth > 0 && draw() < 0.4
      ? one([
          `(${someExpression(draw, depth - 1)})`,
          `(?:${someExpression(draw, depth - 1)})`,
          `(?<n${Math.floor(draw() * 1e9)}>${someExpression(draw, depth - 1)})`,
        ])
      : one([
          "a",
          "b",
          "日",
          "[ab]",
          "[^a]",
          "[^ab\\n]",
          "\\d",
          "\\w",
          ".",
          "[a-c日-本]",
          "\\\\",
          '"',
          "\\u{1F600}",
          "\\s",
        ]);
  const times = (): string => one(["", "", "", "*", "+", "?", "{2}", "{1,2}", "*?"]);
  const piece = (): string =>
    Array.from({ length: 1 + Math.floor(draw() * 3) }, () => atom() + times()).join("");
  return draw() < 0.3 ? `${piece()}|${piece()}` : piece();
}

it("takes what JavaScript finds the expression in", () => {
  const draw = seededNumbers(SEED);
  let found = 0;
  for (let round = 0; round < 400; round++) {
    const inner = someExpression(draw, 2);
    const pattern = [`^(?:${inner})$`, inner, `^${inner}`, `${inner}$`, `^(${inner}|b$)`][round % 5];
    const expression = new RegExp(pattern, "u");
    const automaton = automatonOf({ type: "string", pattern });
    for (let text = 0; text < 25; text++) {
      const length = Math.floor(draw() * 6);
      const value = Array.from({ length }, () => letters[Math.floor(draw() * letters.length)]).join("");
      const isFound = expression.test(value);
      found += Number(isFound);
      expect(
        takes(automaton, value),
        `seed ${SEED}, round ${round}: /${pattern}/u ${JSON.stringify(value)}`,
      ).toBe(isFound);
    }
  }
  expect(found).toBeGreaterThan(1000);
});

it("leaves out what validators of other languages do not take", () => {
  const digits = automatonOf({ type: "string", pattern: "^\\d$" });
  expect([takes(digits, "7"), takes(digits, "٣")]).toEqual([true, false]);
  const others = automatonOf({ type: "string", pattern: "^[^\\d]\\W$" });
  expect([takes(others, "a!"), takes(others, "٣!"), takes(others, "aé")]).toEqual([true, false, false]);
});

it("takes properties of characters, in classes too", () => {
  const han = automatonOf({ type: "string", pattern: "^[\\p{Script=Han}，]{2}\\P{L}$" });
  expect([takes(han, "火，1"), takes(han, "fire"), takes(han, "火火a")]).toEqual([true, false, false]);
});

it("follows groups as deep as they may be", () => {
  const deep = `${"(".repeat(50)}a${")".repeat(50)}`;
  expect(takes(automatonOf({ type: "string", pattern: deep }), "a")).toBe(true);
});

describe("formats", () => {
  it.each<[string, string[], string[]]>([
    [
      "date",
      ["2024-02-29", "2026-12-31", "2000-02-29"],
      ["2023-02-29", "1900-02-29", "2026-04-31", "2026-13-01"],
    ],
    ["time", ["23:59:59Z", "00:00:00.25+08:00"], ["24:00:00Z", "12:00:00", "12:60:00Z"]],
    ["date-time", ["2026-11-30T14:00:00Z"], ["2026-11-30 14:00:00Z", "2026-11-30"]],
    ["duration", ["P3W", "P1Y2M3DT4H5M6S", "PT36H"], ["P", "P1DT", "PT", "1D"]],
    ["email", ["a.b+c@example.org"], ["a@b", "@example.org", "a..b@example.org"]],
    ["hostname", ["example.org", "a-b.example.com"], ["-a.org", "a_b.org"]],
    ["ipv4", ["0.0.0.0", "255.10.1.99"], ["256.0.0.1", "1.2.3", "01.2.3.4"]],
    [
      "ipv6",
      ["::", "::1", "fe80::1", "2001:db8:0:0:0:0:0:1", "1:2:3:4:5:6:7::"],
      ["1::2::3", ":1", "1:2:3:4:5:6:7:8:9"],
    ],
    ["uri", ["https://example.org", "http://example.org:80/a/b?c=d#e"], ["example.org", "https://"]],
    ["uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000"]],
  ])("%s", (format, taken, refused) => {
    expect(textFormats).toHaveProperty(format);
    const automaton = automatonOf({ type: "string", format });
    for (const text of taken) expect(takes(automaton, text), text).toBe(true);
    for (const text of refused) expect(takes(automaton, text), text).toBe(false);
  });
});
