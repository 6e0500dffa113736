import { sayPhrase, phrase } from "@lathe/files";
import { expect, it } from "vitest";
import { boundedPhrase } from "./bounded-phrase.js";
import { boundedText } from "./bounded-text.js";
import { shown } from "./shown.js";

it("keeps short texts, and the beginnings of long ones without half a character", () => {
  expect(boundedText("abc", 3)).toBe("abc");
  expect(boundedText("abcd", 3)).toBe("abc…");
  expect(boundedText("ab😀d", 3)).toBe("ab…");
  expect(shown(undefined)).toBe("nothing");
  expect(shown({ a: "x".repeat(1000) })).toBe(`{"a":"${"x".repeat(74)}…`);
});

it("bounds what stands in a phrase, however deep", () => {
  const long = "y".repeat(100_000);
  const kept = boundedPhrase(phrase`one ${phrase`two ${long}`} three ${4} ${long}`);
  expect(sayPhrase(kept)).toBe(`one two ${"y".repeat(300)}… three 4 ${"y".repeat(300)}…`);
  expect(sayPhrase(boundedPhrase(long))).toHaveLength(301);
});
