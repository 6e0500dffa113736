import { describe, expect, it } from "vitest";
import { thinned } from "./chart.js";
import { runReport, type RunReport } from "./run-report.js";

const metrics = Array.from({ length: 120 }, (_, i) => ({
  step: i + 1,
  loss: 4 * Math.exp(-i / 50) + 0.1 * Math.sin(i),
  learningRate: 1e-4 * (1 - i / 120),
  gradNorm: 1 + Math.cos(i) / 2,
  tokensPerSecond: 1500 + i,
  tokens: 1000,
  seconds: 0.66,
  residentBytes: 3e8,
  tensorBytes: 1e8,
  ...(i % 40 === 39 ? { validationLoss: 3 - i / 100 } : {}),
}));

const report: RunReport = {
  title: "run 首次 <b>",
  language: "en",
  metrics,
  settings: { rank: 16, targets: ["q_proj", "v_proj"], nothing: null },
  passport: {
    base: { "model.safetensors": "ab12" },
    machine: { processor: "X", cores: 2 },
    engine: "native",
  },
  samples: [
    {
      prompt: "你好 </script><script>alert(1)</script>",
      reference: "<img src=x onerror=alert(1)>",
      replies: [
        { step: 0, text: "…" },
        { step: 120, text: "您好，请问有什么可以帮您？" },
      ],
    },
  ],
};

const chartsIn = (page: string) =>
  JSON.parse(/<script type="application\/json" id="charts">(.*?)<\/script>/s.exec(page)![1]) as {
    title: string;
    steps: number[];
    series: { label: string; values: (number | null)[] }[];
  }[];

describe("the page of a run", () => {
  it("shows where tokens went in layers with experts, and no such part without any", () => {
    const layer = { layer: 3, counts: [4, 0, 2, 2], unused: 1, largestShare: 0.5, evenness: 0.75 };
    const page = runReport({ ...report, routing: [layer] });
    expect(page).toContain("<td>3 / 4</td><td>0.750</td><td>50.0 %</td>");
    expect(Array.from(page.matchAll(/fill-opacity="([\d.]+)"/g), ([, shade]) => Number(shade))).toEqual([
      1, 0, 0.5, 0.5,
    ]);
    expect(runReport(report)).not.toContain("fill-opacity");
  });

  it("draws what there is to draw, and nothing else", () => {
    const page = runReport(report);
    const charts = chartsIn(page);
    expect(charts.map(({ title }) => title)).toEqual([
      "Loss",
      "Learning rate",
      "Gradient norm",
      "Tokens a second",
      "Memory",
    ]);
    expect(page.match(/class="chart"/g)).toHaveLength(charts.length);
    const [{ steps, series }] = charts;
    expect(steps).toEqual(metrics.map(({ step }) => step));
    expect(series.map(({ label }) => label)).toEqual(["each step", "smoothed", "validation"]);
    expect(series[0].values).toEqual(metrics.map(({ loss }) => loss));
    expect(series[2].values.filter((value) => value !== null)).toHaveLength(3);
    const preferences = metrics.map((line) => ({
      ...line,
      chosenRewards: 1,
      rejectedRewards: -1,
      margin: 2,
      accuracy: 1,
    }));
    const titles = chartsIn(runReport({ ...report, metrics: preferences })).map(({ title }) => title);
    expect(titles).toContain("Rewards");
    expect(titles).toContain("Accuracy of preferences");
  });

  it("takes everything as text: nothing of a title, a prompt or a reply runs", () => {
    const page = runReport(report);
    expect(page).toContain("你好 &lt;/script>&lt;script>alert(1)&lt;/script>");
    expect(page).not.toContain("<script>alert");
    expect(page).not.toContain("<img");
    expect(page).toContain("<title>run 首次 &lt;b></title>");
    const label = "</script><script>alert(2)</script>";
    const hostile = runReport({ ...report, settings: { label }, passport: { [label]: { [label]: label } } });
    expect(hostile).not.toContain("<script>alert");
  });

  it("needs no network: no address in it, and a policy that refuses all", () => {
    const page = runReport(report);
    expect(page).toMatch(/http-equiv="Content-Security-Policy" content="default-src 'none'; /);
    expect(page).not.toMatch(/(src|href)="/);
    expect(page).not.toMatch(/@import|url\(/);
  });

  it("is in the language asked for", () => {
    const page = runReport({ ...report, language: "zh" });
    expect(page).toContain('<html lang="zh-CN">');
    expect(chartsIn(page).map(({ title }) => title)).toEqual([
      "损失",
      "学习率",
      "梯度范数",
      "每秒词元数",
      "内存",
    ]);
    expect(page).toContain("训练前");
  });

  it("of a run without steps, of one step, and of values that are not finite", () => {
    expect(chartsIn(runReport({ ...report, metrics: [{ step: 1, loss: 2 }] }))).toHaveLength(1);
    const none = runReport({ ...report, metrics: [] });
    expect(none).toContain("No step was taken.");
    expect(none).not.toContain("<script>");
    const [loss] = chartsIn(runReport({ ...report, metrics: [...metrics, { step: 121, loss: null }] }));
    expect(loss.series[0].values.at(-1)).toBeNull();
  });

  it("of a hundred thousand steps stays small", () => {
    const steps = Array.from({ length: 100_000 }, (_, i) => ({
      step: i + 1,
      loss: 1 / (i + 1),
      gradNorm: 1,
    }));
    const page = runReport({ ...report, metrics: steps });
    expect(page.length).toBeLessThan(500_000);
  });
});

it("thinning takes means, with the last step of each", () => {
  const values = Array.from({ length: 4001 }, (_, i) => i);
  const { steps, series } = thinned({
    title: "",
    unit: "",
    steps: values.map((i) => i + 1),
    series: [{ label: "", style: "line", values: values.map((i) => (i % 3 === 0 ? i : null)) }],
  });
  expect(steps.length).toBe(1334);
  expect(steps.slice(0, 2)).toEqual([3, 6]);
  expect(steps.at(-1)).toBe(4001);
  expect(series[0].values.slice(0, 3)).toEqual([0, 3, 6]);
});
