import { describe, expect, it } from "vitest";
import { dataReport, type DataReport } from "./data-report.js";

const hostile = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&`;
const lengths = { bins: [{ from: 4, to: 8, count: 3 }], count: 3, sum: 16, longest: 7 };
const token = {
  id: 7,
  text: hostile,
  role: "user" as const,
  isLearnt: false,
  lossBefore: null,
  lossAfter: null,
};

const report: DataReport = {
  title: hostile,
  language: "en",
  prepared: {
    read: 5000,
    kept: 3,
    rejected: 4997,
    rules: { [hostile]: 2, duplicate: 4995, unused: 0 },
    personalData: { phone: 9, email: 0 },
    clusters: 1,
    examples: { [hostile]: [{ file: hostile, line: 1, before: hostile, after: hostile, reason: hostile }] },
  },
  splits: { train: 2, validation: 0, test: 1 },
  characters: lengths,
  tokens: lengths,
  languages: { zh: 2, other: 1 },
  nGrams: [{ words: [hostile, "b", "c"], rows: 2 }],
  topics: [{ words: [hostile], rows: 2, example: hostile }],
  lookedAt: 3,
  microscope: [
    {
      place: hostile,
      tokens: [
        token,
        { ...token, id: 8, text: "", role: "assistant", isLearnt: true, lossBefore: 3, lossAfter: 0.5 },
        { ...token, id: 9, text: "好\n", role: "assistant", isLearnt: true, lossBefore: 1, lossAfter: 0 },
      ],
    },
  ],
};

/** Elements that a page of texts alone has none of. */
const active = /<(script|img|iframe|object|link)|\son\w+=|javascript:|https?:/i;

describe("the page of a data set", () => {
  it("shows every text as text, and needs nothing beside it", () => {
    const page = dataReport(report);
    expect(page.replaceAll(/title="[^"]*"/g, "").replaceAll(/&[a-z#0-9]+;[^<>]*/g, "")).not.toMatch(active);
    expect(page.match(/alert\(1\)/g)!.length).toBeGreaterThan(10);
    expect(page).not.toContain("<script");
    expect(page).toContain("default-src 'none'");
    expect(page).toContain("script-src 'none'");
  });

  it("shows counts, the largest first, and none that are nothing", () => {
    const page = dataReport(report);
    expect(page).toContain("5,000");
    expect(page.indexOf("duplicate")).toBeLessThan(page.indexOf("onerror", page.indexOf("Rows by rule")));
    expect(page).not.toContain("unused");
    expect(page).not.toContain(">email<");
    expect(page).toContain("4–7");
    expect(page).toContain("mean 5.3, longest 7");
  });

  it("shows tokens with role, mask and both losses", () => {
    const page = dataReport(report);
    expect(page).toContain("3 tokens, 2 learnt");
    expect(page.match(/class="token assistant learnt"/g)).toHaveLength(2);
    expect(page).toContain("before training: 2.000 a token");
    expect(page).toContain("after training: 0.250 a token");
    expect(page).toContain("--depth:0.500");
    expect(page).toContain("token 8, loss 3.000, then 0.500");
    expect(page).toContain("好↵\n");
  });

  it("leaves out what is not known, in Chinese too", () => {
    const page = dataReport({
      ...report,
      language: "zh",
      prepared: null,
      tokens: null,
      topics: [],
      nGrams: [],
      microscope: [],
    });
    expect(page).toContain('lang="zh-CN"');
    expect(page).toContain("每行字符数");
    for (const absent of ["每行词元数", "各规则涉及的行", "主题", "词元显微镜"])
      expect(page).not.toContain(`>${absent}<`);
  });
});
