import { expect, it } from "vitest";
import { sayPhrase } from "../errors/phrase.js";
import { findValueFault } from "./find-value-fault.js";
import { MAXIMUM_JSON_DEPTH } from "./parse-json.js";

const nested = (depth: number): unknown => {
  let value: unknown = [];
  for (let level = 1; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
};

it("takes what JSON can hold up to the depth that is read", () => {
  for (const value of [
    null,
    undefined,
    "text",
    3,
    [],
    {},
    { a: [{ b: null }] },
    nested(MAXIMUM_JSON_DEPTH),
  ]) {
    expect(findValueFault(value)).toBeNull();
  }
});

it("names nesting beyond it, however deep, and keys that reach the prototype", () => {
  for (const depth of [MAXIMUM_JSON_DEPTH + 1, 200_000]) {
    expect(sayPhrase(findValueFault(nested(depth))!)).toBe(
      "expected at most 64 levels of lists and objects, got more",
    );
  }
  const row = Object.fromEntries([["__proto__", 1]]);
  expect(sayPhrase(findValueFault({ a: [row] })!)).toBe('expected another key, got "__proto__"');
});
