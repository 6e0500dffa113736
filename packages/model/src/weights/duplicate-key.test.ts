import { expect, it } from "vitest";
import { findDuplicateKey } from "./duplicate-key.js";

it.each([
  ['{"a":1,"a":2}', "a"],
  ['{"a":{"b":1},"c":[{"d":1,"e":2,"d":3}]}', "d"],
  ['{"a":1, "\\u0061":2}', "a"],
  ['{"__proto__":1,"__proto__":2}', "__proto__"],
  ['{"x":"y","y":"x","z":["x","x"]}', null],
  ['{"a":{"k":1},"b":{"k":1},"k":"k"}', null],
  ['{"a\\"":1,"a":"{\\"a\\":1,\\"a\\":1}"}', null],
  ['[["a","a"],"a","a",{}]', null],
  ["{}", null],
  ["3", null],
])("in %s finds %j", (text, expected) => {
  JSON.parse(text);
  expect(findDuplicateKey(text)).toBe(expected);
});
