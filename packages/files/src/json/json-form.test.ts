import { expect, it } from "vitest";
import { jsonFormOf, jsonKeysOf, keepJsonForm, writeJson } from "./json-form.js";

const read = (text: string): unknown => {
  const value = JSON.parse(text) as unknown;
  keepJsonForm(value, text);
  return value;
};

it.each([
  '{"b":1.0,"a":[1,2.5,3.0,null,true],"2":"x","1":"y"}',
  '{"2":{"10":1.0,"9":[{"1":0,"0":-2.0}]},"a":"\\"1.0\\": {"}',
  "[1.0,1,[2.0],{}]",
  '{"a":{},"b":[],"3":""}',
])("%s is written as it was read", (text) => {
  expect(writeJson(read(text))).toBe(text);
});

it("white space and other ways to write a float do not matter", () => {
  expect(writeJson(read(' { "2" : 1e2 ,\n "1" : [ -0.0, 1.50, 10E0 ] } '))).toBe(
    '{"2":100.0,"1":[-0.0,1.5,10.0]}',
  );
});

it("keeps nothing where nothing is lost", () => {
  const value = read('{"b":1,"a":[1.5,"2.0",{"x":null}]}') as { a: object };
  expect(jsonFormOf(value)).toBeUndefined();
  expect(jsonFormOf(value.a)).toBeUndefined();
  expect(writeJson(value)).toBe('{"b":1,"a":[1.5,"2.0",{"x":null}]}');
});

it("stays with a copy, as far as keys and numbers stay", () => {
  const value = read('{"z":1.0,"2":"x","1":"y","w":2.0}') as Record<string, unknown>;
  const copy: Record<string, unknown> = { ...value, z: "text", added: 3 };
  delete copy["2"];
  expect(jsonKeysOf(copy)).toEqual(["z", "1", "w", "added"]);
  expect(writeJson(copy)).toBe('{"z":"text","1":"y","w":2.0,"added":3}');
  expect(JSON.stringify(value)).toBe('{"1":"y","2":"x","z":1,"w":2}');
});

it("takes long texts in time that grows with them alone", () => {
  const digits = "9".repeat(1_000_000);
  const text = `{"a":"${digits}","b":${digits},"c":"${"e".repeat(1_000_000)}","d":"${"1e".repeat(500_000)}"}`;
  expect(jsonFormOf(read(text) as object)?.floats).toBeUndefined();
});
