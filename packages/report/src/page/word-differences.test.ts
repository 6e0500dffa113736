import { expect, it } from "vitest";
import { wordDifferences } from "./word-differences.js";

const marked = (text: string, other: string): string =>
  wordDifferences(text, other)
    .map(({ text: part, isOwn }) => (isOwn ? `[${part}]` : part))
    .join("");

it("marks the words of a text that the other does not have, in order", () => {
  expect(marked("the cat sat on a mat", "the dog sat on the mat")).toBe("the [cat] sat on [a] mat");
  expect(marked("退款五天到账", "退款三天到账")).toBe("退款[五天]到账");
  expect(marked("", "x")).toBe("");
  expect(marked("same", "same")).toBe("same");
  expect(marked("all new", "")).toBe("[all new]");
});

it("loses nothing of a text, whatever the other", () => {
  const letters = "ab c";
  for (let seed = 1; seed < 300; seed++) {
    const text = (count: number, factor: number): string =>
      Array.from({ length: count }, (_, i) => letters[(seed * factor + i * i * factor) % 4]).join("");
    const [one, other] = [text(seed % 13, 7), text(seed % 11, 5)];
    const parts = wordDifferences(one, other);
    expect(parts.map((part) => part.text).join(""), `seed ${seed}`).toBe(one);
  }
});

it("does not compare texts that are very long", () => {
  const long = "word ".repeat(5000);
  expect(wordDifferences(long, "word")).toEqual([{ text: long, isOwn: false }]);
});
