import { describe, expect, it } from "vitest";
import { numericAnswer, sameNumericAnswer } from "./numeric-answer.js";

describe("numericAnswer", () => {
  it.each([
    // Where it stands.
    ["Janet sells 16 - 3 - 4 = <<16-3-4=9>>9 eggs.\n#### 18", 18],
    ["First 3, then 4. The answer is 12 eggs, not 13.", 12],
    ["**Answer:** $1,234.50 in total", 1234.5],
    ["So we get $x = \\boxed{42}$ and 7 is wrong.", 42],
    ["\\boxed{\\frac{3}{4}}", 0.75],
    ["\\boxed{x = \\dfrac{1}{2}}", 0.5],
    ["答案是 68 下。", 68],
    ["答：她还剩9页没有看。", 9],
    ["99-90=9，所以还剩 99-90=9 页。", 9],
    ["3 apples and 5 pears", 5],
    // How it is written.
    ["1,000,000", 1_000_000],
    ["-3.5", -3.5],
    ["−7", -7],
    ["１２．５", 12.5],
    ["3/4", 0.75],
    ["½", 0.5],
    [".5", 0.5],
    ["20%", 20],
    ["3.5万", 35_000],
    ["三百零五", 305],
    ["一万二千", 12_000],
    ["两亿三千万", 230_000_000],
    ["十五", 15],
    ["二〇二四", 2024],
    ["三点一四", 3.14],
    ["四分之三", 0.75],
    ["负五", -5],
    ["v2.5.1 is no number but 3 is", 3],
    // Nothing.
    ["I do not know.", null],
    ["", null],
    ["\\boxed{", null],
  ])("%j gives %d", (text, expected) => {
    expect(numericAnswer(text)).toBe(expected);
  });

  it("takes a long or hostile text in its stride", () => {
    expect(numericAnswer(`${"\\frac{".repeat(200_000)}7`)).toBe(7);
    expect(numericAnswer(`${"1,".repeat(500_000)} = 3`)).toBe(3);
    expect(numericAnswer(`${"answer is ".repeat(100_000)}12`)).toBe(12);
  });
});

it.each([
  ["The answer is 0.333333333.", "1/3", true],
  ["她还剩九页。", "9", true],
  ["#### 8", "9", false],
  ["no idea", "9", false],
  ["#### 9", "nothing", false],
])("%j against %j: %s", (prediction, reference, same) => {
  expect(sameNumericAnswer(prediction, reference)).toBe(same);
});
