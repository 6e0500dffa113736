import { expect, it } from "vitest";
import { removeJsonKey, setJsonKey } from "./set-json-key.js";

it.each([
  ['{"a":1}', '{"a":"new"}'],
  ['{ "b" : 10000.0 , "a" : {"a":[1,"}"]} , "c":1e-06 }', '{ "b" : 10000.0 , "a" : "new" , "c":1e-06 }'],
  ['{"a":"x\\"}","b":[{"a":1}]}', '{"a":"new","b":[{"a":1}]}'],
  ['{\n  "b": {"a": 2.0},\n  "a": -0.5\n}\n', '{\n  "b": {"a": 2.0},\n  "a": "new"\n}\n'],
  ['{"\\u0061":null}', '{"\\u0061":"new"}'],
  ['{"a":[],"a":true}', '{"a":[],"a":"new"}'],
])("replaces the key of %j and nothing else", (text, expected) => {
  expect(setJsonKey(text, "a", "new")).toBe(expected);
});

it.each([
  ["{}", '{\n  "a": "new"\n}'],
  ['{\n  "b": 10000.0\n}\n', '{\n  "b": 10000.0,\n  "a": "new"\n}\n'],
  ['{"b":"a", "c":{"a":1}}', '{"b":"a", "c":{"a":1},\n  "a": "new"\n}'],
])("adds a key that %j lacks", (text, expected) => {
  expect(setJsonKey(text, "a", "new")).toBe(expected);
});

it("indents what it writes", () => {
  const value = { list: ["x", 1], inner: { flag: true } };
  const edited = setJsonKey('{\n  "b": 1.0\n}', "a", value);
  expect(edited).toBe(
    '{\n  "b": 1.0,\n  "a": {\n    "list": [\n      "x",\n      1\n    ],\n    "inner": {\n      "flag": true\n    }\n  }\n}',
  );
});

it("edits what JSON.stringify writes as assignment does", () => {
  const object: Record<string, unknown> = {
    x: [1, [2, { y: "]" }]],
    'q"': "\\",
    a: { a: null },
    z: "\u2028",
  };
  for (const indent of [0, 2, "\t"]) {
    for (const key of [...Object.keys(object), "absent"]) {
      const edited = JSON.parse(setJsonKey(JSON.stringify(object, null, indent), key, [false])) as unknown;
      expect(edited).toEqual({ ...object, [key]: [false] });
    }
  }
});

it.each([
  ['{"a": 1.0, "b": {"a": 2}, "c": 3}', "a", '{"b": {"a": 2}, "c": 3}'],
  ['{"a": 1.0, "b": {"a": 2}, "c": 3}', "b", '{"a": 1.0, "c": 3}'],
  ['{"a": 1.0, "b": {"a": 2}, "c": 3}', "c", '{"a": 1.0, "b": {"a": 2}}'],
  ['{ "a": [1, "}"] }', "a", "{  }"],
  ['{"a": 1, "a": 2}', "a", "{}"],
  ['{"a": 1}', "b", '{"a": 1}'],
])("takes out of %s the key %s: %s", (text, key, expected) => {
  expect(removeJsonKey(text, key)).toBe(expected);
});
