import { describe, expect, it } from "vitest";
import { parseDuration, parseNumbersByName, parsePairs, parseRanges } from "./parse-text.js";

describe("a duration", () => {
  it.each([
    ["30m", 1800],
    ["1h30m", 5400],
    ["90s", 90],
    ["2h0m5s", 7205],
    ["", undefined],
    ["30", undefined],
    ["1m1h", undefined],
    ["-5m", undefined],
    ["1.5h", undefined],
    [" 5m", undefined],
  ])("of %j is %s", (text, seconds) => expect(parseDuration(text)).toBe(seconds));
});

describe("pairs", () => {
  it.each([
    ["prompt=问题, completion = 回答", { prompt: "问题", completion: "回答" }],
    ["a=b", { a: "b" }],
    ["", undefined],
    ["a", undefined],
    ["a=", undefined],
    ["=b", undefined],
    ["a=b=c", undefined],
    ["a=b,", undefined],
  ])("of %j are %j", (text, pairs) => expect(parsePairs(text)).toEqual(pairs));

  it("set no prototype", () => {
    expect(Object.getPrototypeOf(parsePairs("__proto__=x"))).toBe(Object.prototype);
  });
});

describe("numbers by name", () => {
  it.each([
    ["o_proj=4,q_proj=8", { o_proj: 4, q_proj: 8 }],
    ["layers\\.(0=1)=0.5", { "layers\\.(0=1)": 0.5 }],
    ["a", undefined],
    ["=4", undefined],
    ["a=b", undefined],
    ["a=", undefined],
    ["a=1,", undefined],
  ])("of %j are %j", (text, numbers) => expect(parseNumbersByName(text)).toEqual(numbers));
});

describe("ranges", () => {
  it.each([
    ["0-3,8", [0, 1, 2, 3, 8]],
    [" 7 ", [7]],
    ["5-5", [5]],
    ["3-1", undefined],
    ["1-2-3", undefined],
    ["-1", undefined],
    ["", undefined],
    ["1,,2", undefined],
    ["123456", undefined],
  ])("of %j are %j", (text, numbers) => expect(parseRanges(text)).toEqual(numbers));
});
