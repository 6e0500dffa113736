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
    ["\\boxed{-\\frac12}", -0.5],
    ["\\boxed{1\\frac{1}{2}}", 1.5],
    ["1 1/2", 1.5],
    ["2½", 2.5],
    ["3 4/5 cups", 3.8],
    ["1e3", 1000],
    ["1.5E-2", 0.015],
    ["3 × 10^4", 30_000],
    ["\\boxed{3 \\times 10^{-2}}", 0.03],
    ["\\boxed{1{,}000}", 1000],
    ["\\boxed{1\\,234\\,567}", 1_234_567],
    ["1\u202f234", 1234],
    ["١٢٣", 123],
    ["३.५", 3.5],
    ["๔๒", 42],
    ["١٬٢٣٤٫٥", 1234.5],
    ["百分之二十五", 25],
    ["百分之12.5", 12.5],
    ["只剩一半", 0.5],
    ["二百五", 250],
    ["二百零五", 205],
    ["三万五", 35_000],
    ["一千零二十", 1020],
    ["廿五", 25],
    ["兩萬三千點五", 23_000.5],
    ["負三點五", -3.5],
    ["\\boxed{90^\\circ}", 90],
    ["\\boxed{10^6}", 1e6],
    ["10⁻³", 0.001],
    ["3 × 10⁴", 30_000],
    // With a unit behind it.
    ["\\boxed{12\\text{ cm}^2}", 12],
    ["\\boxed{12\\ \\text{cm}^{2}}", 12],
    ["\\boxed{1{,}000~\\textrm{m}^3}", 1000],
    ["\\boxed{9.8\\ \\mathrm{m\\,s^{-2}}}", 9.8],
    ["\\boxed{12\\text{ cm$^2$}}", 12],
    ["\\boxed{12\\text{ cm}\\textsuperscript{2}}", 12],
    ["\\boxed{3\\,\\text{m}\\cdot\\text{s}^{-1}}", 3],
    ["\\boxed{5\\,\\frac{\\text{m}}{\\text{s}^2}}", 5],
    ["\\boxed{\\frac{1}{2}\\text{ cm}^2}", 0.5],
    ["\\boxed{\\text{Area}=12\\text{ cm}^2}", 12],
    ["\\boxed{2\\times10^3\\text{ cm}^3}", 2000],
    ["\\boxed{\\SI{12}{cm^2}}", 12],
    ["\\boxed{12\\,\\unit{cm^2}}", 12],
    ["\\boxed{5 m/s^2}", 5],
    ["so the area is 12 cm^2", 12],
    ["It has 1,200 ft^3.", 1200],
    ["so 12 kg·m^2/s^2", 12],
    ["\\boxed{12厘米²}", 12],
    ["答案是12米/秒^2。", 12],
    ["\\boxed{50\\%}", 50],
    ["\\boxed{\\$1,200.50}", 1200.5],
    ["\\boxed{45^{\\,\\circ}}", 45],
    ["\\boxed{25^\\circ\\text{C}}", 25],
    ["\\boxed{12^{th}}", 12],
    ["\\boxed{12\\text{ or }15}", 15],
    // No number, though it has some.
    ["\\boxed{5²}", null],
    ["\\boxed{2x^2}", null],
    ["\\boxed{12m^2}", null],
    ["\\boxed{110^2}", null],
    ["\\boxed{10^x}", null],
    ["\\boxed{3\\sqrt{2}\\text{ cm}^2}", null],
    ["\\boxed{\\frac{\\sqrt{2}}{2}}", null],
    ["\\boxed{2\\pi}", null],
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
    expect(numericAnswer(`5 ${"米  ".repeat(20_000)}`)).toBe(5);
    expect(numericAnswer(`5${"\\text{ m}  ".repeat(5000)}`)).toBe(5);
    expect(numericAnswer(`${"5\\text{m^2".repeat(5000)} = 3`)).toBe(3);
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
