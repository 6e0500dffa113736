import { describe, expect, it } from "vitest";
import { tuningReport, type TuningReport } from "./tuning-report.js";

const trial = { name: "lora q_proj", round: 1, steps: 12, validationLoss: 3.25, seconds: 8.4, fault: null };
const report: TuningReport = {
  title: "models/<b>base",
  language: "en",
  why: ["it came to the lowest", "</script><script>alert(1)</script>"],
  trials: [
    trial,
    { ...trial, name: "full", validationLoss: 2.5 },
    { ...trial, name: "lora wild", validationLoss: null, fault: "step 3: the loss is NaN <b>" },
    { ...trial, round: 2, steps: 24, validationLoss: 2.75 },
  ],
  facts: { chosen: { rank: 16 }, run: "runs/auto/run" },
};

describe("the page of a search", () => {
  it("has the reasons, the trials of each round by their loss, and what was chosen", () => {
    const page = tuningReport(report);
    const places = [
      "it came to",
      "Round 1",
      "full",
      "lora q_proj",
      "lora wild",
      "Round 2",
      "2.7500",
      "chosen",
    ];
    const found = places.map((text) => page.indexOf(text));
    expect(found).not.toContain(-1);
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(page).toContain("12 steps, 8 s");
    expect(page).toMatch(/lora wild<\/th><td>failed: step 3: the loss is NaN &lt;b>/);
  });

  it("takes everything as text, and needs no network", () => {
    const page = tuningReport(report);
    expect(page).not.toContain("<script>");
    expect(page).toContain("models/&lt;b>base");
    expect(page).not.toMatch(/(src|href)="/);
  });

  it("is in the language asked for, also without a trial", () => {
    const page = tuningReport({ ...report, language: "zh", trials: [] });
    expect(page).toContain('<html lang="zh-CN">');
    expect(page).toContain("为什么选这些设置");
    expect(page).not.toContain("第 1 轮");
  });
});
