import { expect, it } from "vitest";
import type { FileError } from "./file-error.js";
import { InputError } from "./input-error.js";
import { asPhrase, field, phrase, sayPhrase } from "./phrase.js";
import { asFileError } from "./system-fault.js";

it("says a template with its gaps filled, braces and dollars as they are", () => {
  const inner = phrase`at most ${3}`;
  const outer = phrase`${"$&"}: expected ${inner}, got {"a"} and {7}`;
  expect(sayPhrase(outer)).toBe('$&: expected at most 3, got {"a"} and {7}');
  expect(sayPhrase(asPhrase("{0}"))).toBe("{0}");
});

it("says fields by their paths, or as whoever shows them calls them", () => {
  const inner = phrase`lower ${field("train.learningRate")}`;
  const outer = phrase`${inner}, or raise ${field("memory")}`;
  expect(sayPhrase(outer)).toBe("lower train.learningRate, or raise memory");
  expect(sayPhrase(outer, {}, (path) => `--${path}`)).toBe("lower --train.learningRate, or raise --memory");
  expect(new InputError(outer).phrases()).toEqual([outer]);
});

it("says another language's template with the gaps in its order, and in English what has none", () => {
  const known = { "{0}: expected {1}, got {2}": "{0}：实为 {2}，应为 {1}", "a text": "文本" };
  expect(sayPhrase(phrase`${"f"}: expected ${asPhrase("a text")}, got ${asPhrase("a list")}`, known)).toBe(
    "f：实为 a list，应为 文本",
  );
  expect(sayPhrase(asPhrase("constructor"), known)).toBe("constructor");
});

it("errors of input are phrases of their message", () => {
  const system = Object.assign(new Error("ENOSPC"), { code: "ENOSPC", syscall: "write" });
  const known = {
    "{0}: {1}": "{0}：{1}",
    "cannot be written: {0}": "无法写入：{0}",
    "no space is left on the device": "空间不足",
  };
  const error = asFileError("a.txt", "written", system) as FileError;
  expect(error.phrases().map((one) => sayPhrase(one))).toEqual([error.message]);
  expect(error.phrases().map((one) => sayPhrase(one, known))).toEqual(["a.txt：无法写入：空间不足"]);
  expect(new InputError("odd").phrases()).toEqual([{ template: "odd", values: [] }]);
});
